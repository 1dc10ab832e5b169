"""The ledger: on disk before sending, whole after a torn write, resumed with its numbers."""

import pytest

from simulators.ledger import Ledger, digest_of
from simulators.native import Outgoing

DAY = 86_400_000_000


def message(number, payload=b"x", fault=""):
    return Outgoing("a/b", payload, f"dev\t{number}", 20_000 * DAY + number, number, 2, fault)


def test_entries_come_back(tmp_path):
    ledger = Ledger(tmp_path)
    assert ledger.write([message(1), message(2, b"", "dropout")]) == 2
    before = list(Ledger(tmp_path).entries())
    assert [(e.number, e.device, e.fault, e.confirmed) for e in before] == [
        (1, "dev 1", "", False),
        (2, "dev 2", "dropout", False),
    ]
    ledger.confirm(2)
    ledger.close()
    after = list(Ledger(tmp_path).entries())
    assert [e.confirmed for e in after] == [True, False], "a dropped message was never taken"
    assert after[0].digest == digest_of("a/b", b"x")
    assert after[0].readings == 2


@pytest.mark.parametrize("cut", [1, 3, 9, 40])
def test_a_torn_line_is_cut_off_and_numbers_go_on(tmp_path, cut):
    ledger = Ledger(tmp_path)
    ledger.write([message(i) for i in range(1, 6)])
    ledger.close()
    path = next(tmp_path.glob("*.tsv"))
    path.write_bytes(path.read_bytes()[:-cut])
    again = Ledger(tmp_path)
    kept = len(list(again.entries()))
    assert again.number == kept < 5
    again.write([message(9)])
    assert [e.number for e in again.entries()] == list(range(1, kept + 2))
    assert again.last_time == 20_000 * DAY + 9
    again.close()


def test_days_are_files_and_old_ones_go(tmp_path):
    ledger = Ledger(tmp_path, keep=2)
    for day in range(5):
        ledger.write([Outgoing("t", b"x", "d", (20_000 + day) * DAY, day, 1)])
    assert len(list(tmp_path.glob("*.tsv"))) == 2
    assert [e.number for e in ledger.entries()] == [4, 5]
    ledger.close()
    assert Ledger(tmp_path).number == 5
