"""Buckets of the calendar, in zones that change their clocks."""

import pytest

from citylab.instant import parse_instant
from citylab.store import Bucket, Function, Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import DAY, T0, batch, ids, row


class Calendar(Opened):
    """Hours to years where they are odd."""

    def test_profile_by_calendar(self, store: Store) -> None:
        moments = ["2025-10-04T15:29:59Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]
        rows = [row(d, parse_instant(m) - T0, float(d)) for d in (1, 2) for m in moments]
        store.write(batch(*rows))
        found = store.profile(
            ids(1, 2), parse_instant(moments[0]) - DAY, T0, Bucket.HOUR, "Australia/Lord_Howe", (Function.MEAN,)
        )
        starts = ["2025-10-04T14:30:00Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]
        assert found.start.tolist() == [parse_instant(text) for text in starts]
        assert found.values[Function.MEAN].tolist() == [1.5] * 3

    @pytest.mark.parametrize(
        ("zone", "bucket", "moments", "starts"),
        [
            ("Asia/Kathmandu", Bucket.DAY, ["2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z"],
             ["2026-02-28T18:15:00Z", "2026-03-01T18:15:00Z"]),
            ("Asia/Kathmandu", Bucket.HOUR, ["2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z"],
             ["2026-03-01T17:15:00Z", "2026-03-01T18:15:00Z"]),
            ("Asia/Kolkata", Bucket.MONTH, ["2026-02-28T18:29:59Z", "2026-02-28T18:30:00Z"],
             ["2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z"]),
            ("America/Sao_Paulo", Bucket.DAY, ["2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
             ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]),
            ("America/Sao_Paulo", Bucket.MONTH,
             ["2018-11-01T02:59:59Z", "2018-12-01T01:59:59Z", "2018-12-01T02:00:00Z"],
             ["2018-10-01T03:00:00Z", "2018-11-01T03:00:00Z", "2018-12-01T02:00:00Z"]),
            ("Pacific/Apia", Bucket.DAY, ["2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z"],
             ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"]),
            ("Australia/Lord_Howe", Bucket.HOUR,
             ["2025-10-04T15:29:59Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"],
             ["2025-10-04T14:30:00Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]),
            ("Australia/Lord_Howe", Bucket.DAY,
             ["2025-10-04T13:29:59Z", "2025-10-05T12:59:59Z", "2025-10-05T13:00:00Z"],
             ["2025-10-03T13:30:00Z", "2025-10-04T13:30:00Z", "2025-10-05T13:00:00Z"]),
            ("Asia/Kathmandu", Bucket.MONTH, ["2026-02-28T18:14:59Z", "2026-02-28T18:15:00Z"],
             ["2026-01-31T18:15:00Z", "2026-02-28T18:15:00Z"]),
            ("Asia/Kolkata", Bucket.DAY, ["2026-03-01T18:29:59Z", "2026-03-01T18:30:00Z"],
             ["2026-02-28T18:30:00Z", "2026-03-01T18:30:00Z"]),
            ("Pacific/Apia", Bucket.MONTH,
             ["2011-12-01T09:59:59Z", "2011-12-31T09:59:59Z", "2011-12-31T10:00:00Z"],
             ["2011-11-01T10:00:00Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"]),
            ("Australia/Lord_Howe", Bucket.MONTH,
             ["2025-09-30T13:29:59Z", "2025-10-31T12:59:59Z", "2025-10-31T13:00:00Z"],
             ["2025-08-31T13:30:00Z", "2025-09-30T13:30:00Z", "2025-10-31T13:00:00Z"]),
            ("Asia/Kathmandu", Bucket.YEAR, ["2025-12-31T18:14:59Z", "2025-12-31T18:15:00Z"],
             ["2024-12-31T18:15:00Z", "2025-12-31T18:15:00Z"]),
        ],
    )  # fmt: skip
    def test_zones(self, store: Store, zone: str, bucket: Bucket, moments: list[str], starts: list[str]) -> None:
        rows = [row(1, parse_instant(moment) - T0, float(i + 1)) for i, moment in enumerate(moments)]
        store.write(batch(*rows))
        # The window has bounds of buckets at both ends, far enough away.
        year = 366 * DAY
        low, high = parse_instant(starts[0]), parse_instant(starts[-1]) + year
        found = store.aggregate(ids(1), low, high, bucket, zone, (Function.SUM, Function.INCREASE))
        assert found.start.tolist() == [parse_instant(text) for text in starts]
        assert found.values[Function.SUM].tolist() == [float(i + 1) for i in range(len(moments))]
        assert found.values[Function.INCREASE].tolist()[1:] == [1.0] * (len(moments) - 1)

    def test_unknown_zone_is_named(self, store: Store) -> None:
        with pytest.raises(ValueError, match="Mars/Olympus"):
            store.aggregate(ids(1), T0, T0 + DAY, Bucket.DAY, "Mars/Olympus", (Function.MEAN,))
