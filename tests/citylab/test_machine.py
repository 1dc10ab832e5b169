"""What a measurement says of its machine."""

import json

from citylab.machine import machine, peak_memory


def test_a_machine_is_told_in_json() -> None:
    found = machine("numpy", "a-package-that-nobody-has")
    assert json.loads(json.dumps(found)) == found
    assert found["cores"] >= 1
    assert all(found[name] for name in ("cpu", "system", "python", "numpy"))
    assert "a-package-that-nobody-has" not in found


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory()
    held = bytearray(before or 0) + b"x" * (64 << 20)
    after = peak_memory()
    assert (before is None) == (after is None)
    assert before is None or after is None or after >= before + (32 << 20)
    assert len(held) > 0
