"""The whole line as its users meet it: `citylab up`, real payloads from outside, kills, restarts."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.deploy.running import HOST, Running, running

pytestmark = pytest.mark.mosquitto

TTN = {
    "end_device_ids": {"device_id": "hill-probe", "dev_eui": "70B3D57ED0010203"},
    "received_at": "2026-03-01T10:00:02.5Z",
    "uplink_message": {
        "f_port": 2,
        "f_cnt": 7,
        "decoded_payload": {"temperature": 18.5, "humidity": 61.0},
        "received_at": "2026-03-01T10:00:01.250Z",
    },
}
NEW_DEVICES = [
    (
        "v3/farm@ttn/devices/hill-probe/up", TTN,
        "hill-probe", "air_temperature", 18.5, "Cel", "2026-03-01T10:00:01.250Z",
    ),
    (
        "zigbee2mqtt/ward fridge", {"temperature": 4.5, "battery": 80},
        "ward fridge", "air_temperature", 4.5, "Cel", None,
    ),
    (
        "tele/pump-house/SENSOR",
        {"Time": "2026-03-01T10:00:00", "Epoch": 1772359200, "ENERGY": {"Power": 420}},
        "pump-house", "electric_power", 420.0, "W", "2026-03-01T10:00:00Z",
    ),
    (
        "shellyplus1pm-aabbcc/status/switch:0",
        {"id": 0, "output": True, "apower": 12.5, "aenergy": {"total": 1500.0}},
        "shellyplus1pm-aabbcc", "electric_energy", 1.5, "kW.h", None,
    ),
    (
        "senml/gate",
        [{"bn": "urn:dev:mac:0024befffe804ff1:", "bt": 1772359200, "n": "temperature", "u": "Cel", "v": 9.75}],
        "urn:dev:mac:0024befffe804ff1", "temperature", 9.75, "Cel", "2026-03-01T10:00:00Z",
    ),
    ("ul/key/well-3/attrs", "temperature|23.25", "well-3", "air_temperature", 23.25, "Cel", None),
    (
        "application/2/device/0102030405060708/event/up",
        {
            "deviceInfo": {"devEui": "0102030405060708", "deviceProfileName": "any"},
            "time": "2026-03-01T10:00:00+00:00", "fPort": 1, "object": {"temperature": 30.5},
        },
        "0102030405060708", "air_temperature", 30.5, "Cel", "2026-03-01T10:00:00Z",
    ),
    (
        "N/portal1/pvinverter/20/Ac/Power", {"value": 936}, "portal1/pvinverter/20", "electric_power", 936.0, "W", None,
    ),
]  # fmt: skip

BROKEN = [
    ("zigbee2mqtt/hall", b'{"temperature": 21,'),
    ("zigbee2mqtt/hall", b"\xff\xfe\x00\x80"),
    ("zigbee2mqtt/hall", b'{"temperature": }'),
    ("tele/plug/SENSOR", b'{"Time":"2026-03-01T10:00:00","ENERGY":{"Power":42'),
    ("v3/farm@ttn/devices/a/up", b"not json at all"),
    ("application/2/device/0102030405060708/event/up", b'{"deviceInfo": '),
    ("senml/gate", b'[{"bn":"urn:dev:1:","bver":11,"n":"t","u":"Cel","v":1}]'),
    ("spBv1.0/city/NDATA/edge9", b"\xff\xff\xff\xff"),
    ("ul/key/well-3/attrs", b"|||"),
    ("something/nobody/knows", b"hello"),
]


class Publisher:
    """A device outside: publishes at QoS 1 and waits for the broker."""

    def __init__(self, one: Running) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("device", one.password())
        self.client.connect(HOST, one.mqtt_port)
        self.client.loop_start()

    def send(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("up") / "data", "--history-days", "2") as one:
        yield one


@pytest.fixture
def device(city: Running) -> Iterator[Publisher]:
    publisher = Publisher(city)
    yield publisher
    publisher.close()


def wait_for(condition: Any, seconds: float = 15.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def payload_of(content: object) -> bytes:
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


def test_it_starts_filled(city: Running) -> None:
    found = city.get("api/v1/indicators")
    figures = [one for one in found["indicators"] if one["family"] == "u4ssc" and one["status"] != "NR"]
    assert len(figures) >= 8
    assert {one["provenance"] for one in figures} == {"simulated"}
    assert city.get("v1.1/Things?$count=true&$top=1")["@iot.count"] > 150
    assert "Ready after" in city.log()


def test_payloads_of_many_ecosystems_come_back_as_observations(city: Running, device: Publisher) -> None:
    for topic, content, *_ in NEW_DEVICES:
        device.send(topic, payload_of(content))

    def readings() -> dict[tuple[str, str], Any]:
        latest = city.get("api/v1/latest?limit=5000")["readings"]
        return {(r["thing"]["name"], r["property"]): r for r in latest if r["provenance"] == "measured"}

    wanted = {(thing, name) for _, _, thing, name, *_ in NEW_DEVICES}
    found = wait_for(lambda: readings() if wanted <= readings().keys() else None)
    assert len({topic.split("/")[0] for topic, *_ in NEW_DEVICES}) >= 6
    for _, _, thing, name, result, unit, moment in NEW_DEVICES:
        reading = found[thing, name]
        assert reading["result"] == pytest.approx(result)
        assert reading["unit"] == unit
        if moment is not None:
            datastream = city.get(f"v1.1/Datastreams({reading['datastream']})/Observations")["value"]
            assert moment in {one["phenomenonTime"] for one in datastream}


def test_ten_broken_messages_give_ten_entries_with_reasons(city: Running, device: Publisher) -> None:
    before = {entry["id"] for entry in city.get("api/v1/rejects")["rejects"]}
    for topic, payload in BROKEN:
        device.send(topic, payload)

    def fresh() -> list[Any]:
        return [r for r in city.get("api/v1/rejects")["rejects"] if r["id"] not in before and not r["parent"]]

    entries = wait_for(lambda: fresh() if len(fresh()) >= len(BROKEN) else None)
    assert sorted(entry["topic"] for entry in entries) == sorted(topic for topic, _ in BROKEN)
    assert all(len(entry["text"]) > 20 and entry["code"] for entry in entries)
    assert city.get("ready")["ready"]


def test_a_refused_message_is_replayed_once_a_profile_reads_it(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    with running(tmp_path / "data", "--no-simulation", "--profiles", str(profiles)) as one:
        publisher = Publisher(one)
        publisher.send("mill/7", b'{"spin": 12.5}')
        publisher.close()
        entry = wait_for(lambda: one.get("api/v1/rejects")["rejects"])[0]["id"]
        assert "still refused" in one.citylab("rejects", "replay", str(entry)).stdout
        (profiles / "mill.yaml").write_text(
            "name: mill\nlabel: Mill\nmatch: {topic: 'mill/{device}'}\nfields: {spin: frequency}\n"
        )
        assert "gave 1 readings" in one.citylab("rejects", "replay", str(entry)).stdout
        assert "replayed before" in one.citylab("rejects", "replay", str(entry)).stdout
        assert [r["result"] for r in one.get("api/v1/latest")["readings"]] == [12.5]


def test_nothing_acknowledged_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    one = Running(tmp_path / "data", "--no-simulation", "--rate", "100000")
    one.start()
    sent = 0
    for _ in range(2):
        publisher = Publisher(one)
        waiting = []
        for _ in range(1500):
            content = {"temperature": sent % 40, "humidity": 40.5} if sent % 3 else {"temperature": sent % 40}
            topic = f"zigbee2mqtt/room-{sent % 7}" if sent % 3 else f"tele/t{sent % 5}/SENSOR"
            if sent % 3 == 0:
                content = {"Epoch": 1772359200 + sent, "ENERGY": {"Power": sent}}
            waiting.append(publisher.client.publish(topic, json.dumps(content), qos=1))
            sent += 1
        for info in waiting:
            info.wait_for_publish(30)
        publisher.close()
        one.stop(signal.SIGKILL)
        one.start()

    def stored() -> int:
        return sum(
            int(s["@iot.count"])
            for s in (one.get(f"v1.1/Datastreams({d['@iot.id']})/Observations?$count=true&$top=0")
                      for d in one.get("v1.1/Datastreams?$top=100")["value"])
        )  # fmt: skip

    # the broker of a killed parent ends by SIGTERM and keeps what it has taken, where the system can do that
    expected = sum(1 if i % 3 == 0 else 2 for i in range(sent))
    wait_for(lambda: stored() >= expected, 30)
    time.sleep(0.5)
    assert stored() == expected
    assert one.stop(signal.SIGTERM) == 0
    assert "Stopped; everything taken is stored." in one.log()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(tmp_path: Path, number: int) -> None:
    one = Running(tmp_path / "data", "--history-days", "0.2")
    one.start()
    assert one.stop(number) == 0
    assert "Traceback" not in one.log()
    assert one.log().rstrip().endswith("Stopped; everything taken is stored.")


def test_without_mosquitto_it_runs_with_the_broker_inside(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--broker", "amqtt", "--history-days", "0.2") as one:
        publisher = Publisher(one)
        publisher.send("zigbee2mqtt/hall", b'{"temperature": 21.5}')
        publisher.close()
        names = wait_for(
            lambda: [r for r in one.get("api/v1/latest?limit=5000")["readings"] if r["thing"]["name"] == "hall"]
        )
        assert names[0]["result"] == 21.5


def test_a_second_one_on_the_folder_is_refused(city: Running) -> None:
    second = Running(city.folder)
    with pytest.raises(AssertionError, match=r"another citylab .* uses the data folder"):
        second.start()
    second._log.close()
