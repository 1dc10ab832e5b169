"""Rows that no store takes are named, and the others stored."""

import math

from citylab.store import Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, batch, row


class Refusing(Opened):
    """Refusals by code."""

    def test_refused_rows_are_named_and_the_rest_stored(self, store: Store) -> None:
        rows = [
            row(1, 0, 1.0),
            row(77, 0, 1.0),
            row(1, 1, math.nan),
            row(1, 2, math.inf),
            row(1, 3, -math.inf),
            row(2, 0, 2.0),
            row(-5, 0, 1.0),
        ]
        result = store.write(batch(*rows))
        codes = {number: refusal.code for number, refusal in result.refused.items()}
        unknown, no_number = "datastream_unknown", "not_a_number"
        assert codes == {1: unknown, 2: no_number, 3: no_number, 4: no_number, 6: unknown}
        assert all(refusal.text for refusal in result.refused.values())
        assert (result.stored, result.duplicates) == (2, 0)
        assert [o.result for o in store.read(None, *AGES)] == [1.0, 2.0]

    def test_refuses_what_it_could_not_give_back(self, store: Store) -> None:
        good = batch(*(row(1, i, 1.0) for i in range(6)))
        good.sequence[0] = 1000
        good.sequence[1] = -1
        good.phenomenon_time[2] = 2**62
        good.received_time[3] = -(2**62)
        good.quality[4] = 3
        result = store.write(good)
        codes = [result.refused[i].code for i in range(5)]
        assert codes == ["mark_out_of_range"] * 2 + ["time_out_of_range"] * 2 + ["mark_out_of_range"]
        assert result.stored == 1
        result = store.write(batch(row(3, 0, "\ud800"), row(3, 1, "x" * 100_000), row(3, 2, "fine")))
        assert {i: r.code for i, r in result.refused.items()} == {0: "text_unfit", 1: "text_unfit"}
