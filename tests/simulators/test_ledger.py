"""The ledger: on disk before sending, the truth of each message, whole after a torn write, resumed where it was."""

import json
import subprocess
import sys
import textwrap
from contextlib import ExitStack, closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.ledger import Ledger, Totals, digest_of
from simulators.native import Outgoing
from simulators.record import Marks, ranges

DAY = 86_400_000_000
VALUES = {("soil_moisture", "10"): 31.5, ("contact_open", ""): True, ("position", ""): "36.5 -1.25"}


def message(number, payload=b"x", fault="", due=0, stamp=5):
    return Outgoing("a/b", payload, f"dev\t{number}", 20_000 * DAY + number, number, VALUES, fault, due, stamp)


def test_each_message_has_its_own_truth(tmp_path):
    ledger = Ledger(tmp_path)
    kept = ledger.write([message(1), message(2, b"", "dropout"), message(3, due=9), message(4, b"\0\xff", "garbage")])
    assert [number for number, _ in kept] == [1, 3, 4]
    ledger.hand([1, 4])
    ledger.confirm([4])
    ledger.hand([1])
    found = list(ledger.entries())
    assert [(e.number, e.dropped, e.sendings, e.confirmed) for e in found] == [
        (1, False, 2, False),
        (2, True, 0, False),
        (3, False, 0, False),
        (4, False, 1, True),
    ], "a message that waits is not confirmed by a later one that was"
    assert ledger.totals() == Totals(meant=4, dropped=1, confirmed=1, open=2, delayed=1, again=1)
    one, _, _, garbled = found
    assert one.said == VALUES
    assert (one.device, one.moment, one.time, one.counter) == ("dev\t1", 20_000 * DAY + 1, 5, 1)
    assert one.digest == digest_of("a/b", b"x")
    assert garbled.said == {}
    assert garbled.garbled == b"\0\xff"
    ledger.close()


def test_a_message_without_a_time_says_so(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.write([message(1, stamp=None)])
    assert next(ledger.entries()).time is None
    ledger.close()


def test_what_waits_is_resumed_with_its_bytes(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.write([message(1), message(2, b"\0late", due=20_000 * DAY + 7), message(3)])
    ledger.hand([1, 3])
    ledger.confirm([3])
    ledger.close()
    again = Ledger(tmp_path)
    assert [(n, m.topic, m.payload, m.due) for n, m in again.pending()] == [
        (1, "a/b", b"x", 0),
        (2, "a/b", b"\0late", 20_000 * DAY + 7),
    ]
    again.confirm([1, 2])
    again.close()
    assert Ledger(tmp_path).pending() == []
    assert (tmp_path / "waiting.ledger").stat().st_size == 0


@pytest.mark.parametrize("cut", [1, 3, 9, 40])
def test_a_torn_line_is_cut_off_and_numbers_go_on(tmp_path, cut):
    ledger = Ledger(tmp_path)
    ledger.write([message(i) for i in range(1, 6)])
    ledger.close()
    path = next(tmp_path.glob("0*.ledger"))
    path.write_bytes(path.read_bytes()[:-cut])
    again = Ledger(tmp_path)
    kept = len(list(again.entries()))
    assert again.number == kept < 5
    assert len(again.pending()) == kept, "what the ledger does not know was never meant"
    again.write([message(9)])
    assert [e.number for e in again.entries()] == list(range(1, kept + 2))
    assert again.last_time == 20_000 * DAY + 9
    again.close()


def test_days_are_segments_and_old_ones_go(tmp_path):
    ledger = Ledger(tmp_path, keep=2)
    for day in range(5):
        ledger.write([Outgoing("t", b"x", "d", (20_000 + day) * DAY, day, {})])
    assert [e.number for e in ledger.entries()] == [4, 5]
    ledger.confirm([2, 5])
    assert [e.confirmed for e in ledger.entries()] == [False, True]
    ledger.close()
    assert Ledger(tmp_path).number == 5


def test_bytes_are_bounded(tmp_path):
    ledger = Ledger(tmp_path, segment=2_000, most=6_000)
    for i in range(1, 200):
        ledger.write([message(i)])
    assert sum(p.stat().st_size for p in tmp_path.glob("0*.ledger")) < 9_000
    numbers = [e.number for e in ledger.entries()]
    assert numbers == list(range(numbers[0], 200))
    ledger.close()


def test_gaps(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.skip(10, 20)
    ledger.close()
    assert Ledger(tmp_path).gaps() == [(10, 20)]


@given(st.lists(st.sets(st.integers(5, 60)), max_size=6), st.sets(st.integers(1, 60)))
def test_marks_are_counts(handed, confirmed):
    marks = Marks(5)
    for numbers in handed:
        marks.add(b"H", ranges(numbers))
    marks.add(b"C", ranges(confirmed))
    for number in range(5, 70):
        assert marks.sendings(number) == sum(number in numbers for numbers in handed)
        assert marks.confirmed(number) == (number in confirmed)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from("WHCR"), max_size=14), st.randoms(use_true_random=False))
def test_books_close_after_any_course(tmp_path_factory, course, random):
    """Write, hand over, confirm, reopen in any order: the ledger says what a plain model says."""
    folder = tmp_path_factory.mktemp("ledger")
    sent, taken, count = {}, set(), 0
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(folder)))
        for act in course:
            open_ = [n for n in sent if n not in taken]
            some = random.sample(open_, random.randint(0, len(open_)))
            if act == "W":
                for number, _ in ledger.write([message(i) for i in range(random.randint(1, 4))]):
                    sent[number] = 0
                count = ledger.number
            elif act == "H" and some:
                ledger.hand(some)
                for number in some:
                    sent[number] += 1
            elif act == "C":
                ledger.confirm(some)
                taken |= set(some)
            elif act == "R":
                ledger.close()
                ledger = stack.enter_context(closing(Ledger(folder)))
        assert [n for n, _ in ledger.pending()] == [n for n in sent if n not in taken]
        assert {e.number: e.sendings for e in ledger.entries()} == sent
        assert {e.number for e in ledger.entries() if e.confirmed} == taken
        assert ledger.number == count


def test_a_killed_process_leaves_whole_books(tmp_path):
    program = textwrap.dedent(
        f"""
        import itertools, pathlib, sys
        from simulators.ledger import Ledger
        from simulators.native import Outgoing
        ledger = Ledger(pathlib.Path({str(tmp_path)!r}))
        for i in itertools.count():
            ledger.write([Outgoing("t", b"p%d" % i, "d", {20_000 * DAY} + i, i, {{("co2", ""): float(i)}}, due=i % 2)])
            ledger.hand([i + 1])
            if i % 3:
                ledger.confirm([i + 1])
            print(i + 1, flush=True)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    for line in child.stdout:
        if int(line) == 60:
            child.kill()
            break
    child.wait()
    child.stdout.close()
    ledger = Ledger(tmp_path)
    entries = list(ledger.entries())
    assert [e.number for e in entries] == list(range(1, ledger.number + 1))
    assert ledger.number >= 60
    assert [e.confirmed for e in entries[:60]] == [bool(i % 3) for i in range(60)]
    assert [n for n, _ in ledger.pending()] == [e.number for e in entries if not e.confirmed]
    assert all(m.payload == b"p%d" % (n - 1) for n, m in ledger.pending())
    ledger.close()


def test_lines_can_be_read_without_us(tmp_path):
    """The form that the module describes: tabs, JSON, ranges."""
    ledger = Ledger(tmp_path)
    ledger.write([message(1, fault="spike")])
    ledger.hand([1])
    ledger.close()
    lines = [line.split("\t") for line in next(tmp_path.glob("0*.ledger")).read_text().splitlines()]
    assert [cells[0] for cells in lines] == ["D", "S", "M", "H"]
    assert json.loads(lines[1][2]) == ["soil_moisture@10", "contact_open", "position"]
    assert json.loads(lines[2][10]) == [31.5, True, "36.5 -1.25"]
    assert lines[2][6] == "spike"
    assert lines[3][1] == "1"
