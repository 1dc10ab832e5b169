"""Line protocol built by whole columns says the same as line by line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citylab.observation import DatastreamKey
from citylab.thing import Datastream
from stores.catalog import Catalog
from stores.column import Columns
from stores.line import LineWriter

STREAMS = [
    Datastream(1, DatastreamKey("meter, one", "electric_power", "")),
    Datastream(2, DatastreamKey("m\u2028x\x85", "status", "a=b")),
]
ROWS = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 63),
        st.booleans(),
    ),
    max_size=20,
)


def columns(rows, text=None):
    kinds = (np.int32, np.int64, np.float64, np.uint8)
    datastream, instant, result, marks = (
        np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate(kinds)
    )
    return Columns(datastream, instant, np.full(len(rows), 7), result, marks, text)


def fields(line):
    """Tags, fields by name, and time of a line."""
    head, body, instant = line.rsplit(" ", 2)
    return head, dict(field.split("=", 1) for field in body.split(",")), int(instant)


@given(ROWS)
def test_by_columns_as_line_by_line(rows):
    writer = LineWriter(Catalog(STREAMS))
    replaces = np.array([row[4] for row in rows], dtype=np.bool_)
    body = writer.body(columns(rows), replaces).decode().split("\n")
    assert body.pop() == ""
    lines = list(writer.lines(columns(rows)))
    assert len(body) == len(lines) == len(rows)
    for sent, line, (_, instant, result, marks, over) in zip(body, lines, rows, strict=True):
        head, found, time = fields(sent)
        other, expected, _ = fields(line)
        assert (head, time) == (other, instant)
        assert float(found.pop("value")) == float(expected.pop("value")) == result
        assert len(expected) == 4
        received = int(expected["received"][:-1])
        if over or received <= 0:
            assert found == {"arrived": "0i", **expected}
            continue
        if not marks & 3:
            assert expected.pop("quality") == "0i"
            expected["arrived"] = expected.pop("received")
            if not marks >> 2 & 3:
                assert expected.pop("provenance") == "0i"
        if not marks >> 4:
            assert expected.pop("time_source") == "0i"
        assert found == expected


def test_texts_go_line_by_line():
    text = np.array(['say "hi"', None, None], dtype=object)
    rows = [(1, 10, np.nan, 0, False), (1, 20, 1.5, 17, False), (1, 30, 2.5, 12, True)]
    body = LineWriter(Catalog(STREAMS)).body(columns(rows, text), np.array([False, False, True])).decode().splitlines()
    prefix = r"reading,property=electric_power,thing=meter\,\ one "
    assert body == [
        prefix + r'text="say \"hi\"",arrived=7i 10',
        prefix + "value=1.5,quality=1i,provenance=0i,time_source=1i,received=7i 20",
        prefix + "value=2.5,arrived=0i,quality=0i,provenance=3i,time_source=0i,received=7i 30",
    ]
