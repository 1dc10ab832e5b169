"""Recordings: read with their mistakes named, moved with their gaps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.document import DocumentError
from citylab.instant import parse_instant
from simulators.recording import Record, moved, moved_payload, read_recording

FIRST = parse_instant("2025-06-01T08:00:00Z")
LATER = parse_instant("2026-03-02T10:30:00Z")
SECOND = 1_000_000


def written(tmp_path, text, name="record.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_messages_of_json_lines(tmp_path):
    text = (
        '{"time": "2025-06-01T08:00:05Z", "topic": "tele/plug/SENSOR", "payload": {"Time": "2025-06-01T08:00:05"}}\n\n'
        '{"time": 1748764800, "topic": "a/b", "payload": "text"}\n'
        '{"time": 1748764802.5, "topic": "a/c", "payload_hex": "00ff"}\n'
    )
    records = read_recording(written(tmp_path, text, "record.jsonl"))
    assert [r.topic for r in records] == ["a/b", "a/c", "tele/plug/SENSOR"]
    assert [r.time - FIRST for r in records] == [0, 2_500_000, 5_000_000]
    assert [r.payload for r in records] == [b"text", b"\x00\xff", b'{"Time": "2025-06-01T08:00:05"}']


def test_readings_of_csv(tmp_path):
    head = "time,thing,property,value,channel\n"
    text = f"{head}2025-06-01T08:00:00Z,probe,soil_moisture,23.5,30\n2025-06-01T08:00:01Z,gate,contact_open,true,\n"
    records = read_recording(written(tmp_path, text))
    assert [(r.thing, r.observed_property, r.channel, r.value) for r in records] == [
        ("probe", "soil_moisture", "30", 23.5), ("gate", "contact_open", "", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("time,topik,payload\n1,a,b\n", 1, 'unknown column "topik"; did you mean "topic"?'),
        ("topic,payload\na,b\n", 1, 'no column "time"'),
        ("time,topic,payload\nyesterday,a,b\n", 2, "time: found 'yesterday'"),
        ("time,topic,payload\n1748764800,a/#,b\n", 2, "without + and #"),
        ("time,topic,payload\n1748764800,a\n", 2, "expected 3 cells"),
        ("time,thing,property,value\n1748764800,a,soil_moistur,3\n", 2, 'did you mean "soil_moisture"?'),
        ("time,thing,property,value\n1748764800,a,soil_moisture,wet\n", 2, "value: found 'wet'"),
        ("time,thing,property,value\n1748764800,a,soil_moisture,nan\n", 2, "finite"),
        ('{"time": 1748764800, "topic": "a"\n', 1, "not JSON"),
        ('{"time": 1748764800, "topic": "a", "payload_hex": "xyz"}\n', 1, "hexadecimal"),
        ("", 1, "found nothing; expected a head"),
        ("time;topic;payload\n1;a;b\n", 1, "';' between them; expected commas"),
        ("time,time,topic\n1,2,a\n", 1, 'column "time" stands twice'),
        ("time,topic,payload,payload_hex\n1748764800,a,b,00\n", 2, "expected one of them"),
        ("time,topic\n1748764800,a\n", 2, "payload is missing"),
        ("time,topic,payload\n2025-06-01T08:00:00,a,b\n", 2, "ISO 8601 with a zone"),
        ('[{"time": 1748764800, "topic": "a", "payload": 1}]\n', 1, "expected an object a line"),
        ('{"time": true, "topic": "a", "payload": 1}\n', 1, "time: found true"),
        ('{"time": 1748764800, "topic": 5, "payload": 1}\n', 1, "topic: found 5; expected a text"),
        ('{"time": 1748764800, "thing": {}, "property": "voltage", "value": 1}\n', 1, "thing: found dict"),
        ('{"time": 1748764800, "thing": "a", "property": "voltage", "value": true}\n', 1, "finite number"),
        ('{"time": 1, "topic": "a", "payload": ' + "[" * 100_000 + "\n", 1, "nested too deeply"),
    ],
)
def test_mistakes_name_the_line(tmp_path, text, line, says):
    path = written(tmp_path, text)
    with pytest.raises(DocumentError) as caught:
        read_recording(path)
    assert caught.value.mistakes[0].line in {line, 1}
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) < 25


def test_lines_of_other_recorders(tmp_path):
    told = '"qos": 0, "retain": 0, "payloadlen": 2'
    text = (
        f'{{"tst": "2025-06-01T08:00:00.000000Z+0000", "topic": "sim/a/b", {told}, "payload": "a\u2028b"}}\n'
        f'{{"tst": "2025-06-01T08:00:01.000000Z+0000", "topic": "citylab/command/x", {told}, "payload": "{{}}"}}\n'
        f'{{"tst": "2025-06-01T08:00:02.000000Z+0000", "topic": "$SYS/uptime", {told}, "payload": "5"}}\n'
        '{"time": 1748764803000, "topic": "a/c", "payload": null}\n'
    )
    records = read_recording(written(tmp_path, text, "record.jsonl"))
    assert [(r.time - FIRST, r.topic, r.payload) for r in records] == [
        (0, "a/b", "a\u2028b".encode()), (3 * SECOND, "a/c", b""),
    ]  # fmt: skip


def test_a_table_that_a_store_exported(tmp_path):
    table = (
        "thing,observed_property,channel,phenomenon_time,sequence,result,text,quality,provenance,time_source,received_time\n"
        "fridge,temperature,,2025-06-01T08:00:00Z,0,4.7,,good,simulated,device,2026-11-24T14:11:55.237204Z\n"
        "bus-1,position,,2025-06-01T08:00:10Z,0,,36.8 -1.2,good,simulated,device,2026-11-24T14:11:55.237204Z\n"
    )
    records = read_recording(written(tmp_path, table))
    assert [(r.time - FIRST, r.thing, r.observed_property, r.value) for r in records] == [
        (0, "fridge", "temperature", 4.7), (10 * SECOND, "bus-1", "position", "36.8 -1.2"),
    ]  # fmt: skip


def test_messages_and_readings_do_not_mix(tmp_path):
    message = '{"time": 1748764800, "topic": "a", "payload": 1}'
    text = f'{message}\n{{"time": 1748764801, "thing": "a", "property": "soil_moisture", "value": 3}}\n'
    with pytest.raises(DocumentError, match="expected one of the two"):
        read_recording(written(tmp_path, text))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.integers(0, 2 * 10**15))
def test_gaps_are_kept(gaps, start):
    records = [Record(FIRST + gap, "a", b"x") for gap in sorted(gaps)]
    after = moved(records, start)
    assert after[0].time == start
    assert [r.time - start for r in after] == [r.time - records[0].time for r in records]


def test_times_inside_of_payloads_move_and_numbers_do_not():
    payload = {
        "t": FIRST // SECOND, "ms": FIRST // 1000, "text": "2025-06-01T08:00:00Z", "power": 1748.5, "n": 17487648,
        "local": "2025-06-01T08:00:05", "deep": [{"bt": FIRST / SECOND}], "on": True, "old": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    after = json.loads(moved_payload(json.dumps(payload).encode(), FIRST, LATER - FIRST))
    assert after == {
        "t": LATER // SECOND, "ms": LATER // 1000, "text": "2026-03-02T10:30:00Z", "power": 1748.5, "n": 17487648,
        "local": "2026-03-02T10:30:05", "deep": [{"bt": LATER / SECOND}], "on": True, "old": "2020-01-01T00:00:00Z",
    }  # fmt: skip


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_stay(payload):
    after = moved_payload(payload, FIRST, LATER - FIRST)
    if b"1748" not in payload:
        assert after == payload
