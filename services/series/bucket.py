"""Which bucket width shows a window in at most a number of points."""

from citylab.instant import MICROSECONDS
from citylab.store import Bucket

_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_CALENDAR = ((Bucket.DAY, 86_400), (Bucket.MONTH, 28 * 86_400), (Bucket.YEAR, 365 * 86_400))


def choose_bucket(start: int, end: int, points: int) -> Bucket | int:
    """Smallest round bucket that needs at most `points` points: a width [us] up to half a day, then a calendar bucket.

    Examples
    --------
    >>> choose_bucket(0, 86_400_000_000, 300) // 1_000_000
    300
    >>> choose_bucket(0, 365 * 86_400_000_000, 400)
    <Bucket.DAY: 'day'>
    """
    span = (end - start) / MICROSECONDS
    # A window that starts inside a bucket touches one more.
    for width in _WIDTHS:
        if span / width + 1 <= points:
            return width * MICROSECONDS
    for bucket, seconds in _CALENDAR:
        if span / seconds + 1 <= points:
            return bucket
    return Bucket.YEAR
