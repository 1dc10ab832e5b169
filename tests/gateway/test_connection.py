"""Splitting the byte stream: any chunks, hostile bytes; TLS and login against a real broker."""

import asyncio
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import packet
from gateway.connection import Connection, MqttError
from gateway.setting import SourceSettings
from tests.gateway.broker import Publisher, dated
from tests.gateway.conftest import until

MESSAGES = st.lists(
    st.tuples(st.binary(max_size=200), st.binary(max_size=400), st.integers(0, 1), st.integers(1, 0xFFFF)), max_size=30
)


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written, self.aborted = b"", False

    def write(self, data):
        self.written += data

    def abort(self):
        self.aborted = True

    def is_closing(self):
        return self.aborted


def publish(topic, payload, qos, packet_id, flags=0):
    name = len(topic).to_bytes(2) + topic + (packet_id.to_bytes(2) if qos else b"")
    return packet.frame(0x30 | qos << 1 | flags, name + payload)


def feed(chunks, max_payload=1_000_000):
    """What a connection makes of chunks."""

    async def play():
        taken, ids = [], []
        connection = Connection(b"", lambda _, m, p, __: (taken.extend(m), ids.extend(p)), max_payload)
        transport = Transport()
        connection.connection_made(transport)
        for chunk in chunks:
            if not transport.aborted:
                connection.data_received(chunk)
        connection.connection_lost(None)
        return taken, ids, transport

    return asyncio.run(play())


@settings(max_examples=100, deadline=None)
@given(MESSAGES, st.lists(st.integers(1, 300), min_size=1, max_size=20))
def test_any_chunks_give_the_same_messages(messages, sizes):
    data = b"".join(publish(*message) for message in messages)
    chunks, position, turn = [], 0, 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        chunks.append(data[position : position + size])
        position, turn = position + size, turn + 1
    taken, ids, _ = feed(chunks)
    assert [(t, p) for _, _, t, p in taken] == [(t, p) for t, p, _, _ in messages]
    assert ids == [packet_id for _, _, qos, packet_id in messages if qos]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_hostile_bytes_end_the_connection_at_worst(chunks):
    feed(chunks)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200_000))
def test_too_long_a_payload_is_read_past(chunk):
    data = publish(b"a", b"x" * 200_000, 1, 7) + publish(b"b", b"ok", 1, 8)
    taken, ids, _ = feed([data[i : i + chunk] for i in range(0, len(data), chunk)], max_payload=1000)
    assert [(t, None if p is None or len(p) > 1000 else p) for _, _, t, p in taken] == [(b"a", None), (b"b", b"ok")]
    assert ids == [7, 8]


@pytest.mark.parametrize(
    "bad", [b"\x30\x01\x00", b"\x34\x05\x00\x01a\x00\x01", b"\x30\xff\xff\xff\xff\x7f", b"\xf0\x00"]
)
def test_broken_packets_end_the_connection(bad):
    taken, _, transport = feed([bad])
    assert transport.aborted
    assert taken == []


async def test_acknowledgement_of_an_ended_connection_is_dropped():
    connection = Connection(b"", lambda *_: None, 100)
    transport = Transport()
    connection.connection_made(transport)
    assert connection.acknowledge([1, 2])
    connection.connection_lost(None)
    assert not connection.acknowledge([3])
    assert transport.written == packet.acknowledge([1, 2])
    with pytest.raises(MqttError):
        connection.ping()
    assert await connection.closed


def test_many_acknowledgements_are_the_same_bytes_as_few():
    ids = list(range(1, 65536, 997))
    assert packet.acknowledge(ids) == b"".join(packet.acknowledge([one]) for one in ids)


@pytest.mark.mosquitto
async def test_tls_and_login(tmp_path, make_gateway, broker, store):
    if shutil.which("openssl") is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("needs openssl and mosquitto_passwd")
    key, certificate, users = tmp_path / "key.pem", tmp_path / "ca.pem", tmp_path / "users"
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    await asyncio.to_thread(subprocess.run, ["mosquitto_passwd", "-b", "-c", users, "gate", "secret"], check=True)
    broker.stop()
    secure_port = broker.port + 1 if broker.port < 65535 else broker.port - 1
    broker.add(
        f"per_listener_settings true\nlistener {secure_port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
        f"certfile {certificate}\nkeyfile {key}\n"
    )
    broker.start()
    url = f"mqtts://localhost:{secure_port}"
    wrong = SourceSettings(name="wrong", url=url, ca=certificate, username="gate", password="no", client_id="w")
    right = SourceSettings(name="right", url=url, ca=certificate, username="gate", password="secret", client_id="r")
    blind = SourceSettings(name="blind", url=url, username="gate", password="secret", client_id="b")
    async with make_gateway(sources=[wrong, right, blind], wait=False) as gateway:

        def details():
            return {source["name"]: source["detail"] for source in gateway.health()["sources"]}

        await until(lambda: details()["right"] == "")
        await until(lambda: "login" in details()["wrong"] and "not trusted" in details()["blind"])
        publisher = Publisher(broker.port)
        await asyncio.to_thread(publisher.publish, [dated(n) for n in range(10)])
        publisher.close()
        await until(lambda: store.count() == 10)
