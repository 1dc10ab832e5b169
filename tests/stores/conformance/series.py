"""Comparing series."""

import numpy as np

from citylab.store import Series


def same(found: Series, right: Series) -> None:
    """Fail unless both say the same, but for the last digits of values."""
    for name in ("datastream", "start", "end", "count", "quality", "provenance"):
        assert getattr(found, name).tolist() == getattr(right, name).tolist(), name
    for function in right.values:
        np.testing.assert_allclose(found.values[function], right.values[function], rtol=1e-9, atol=1e-6)
