"""A running city to which something happens, and a recording played to it; with a real broker."""

import json
import time

import pytest

from deploy.cli import main
from tests.deploy.running import running

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]


def until(what, seconds=40.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s")


def supplied(city, thing):
    found = city.get(f"api/v1/latest?thing={thing}&property=switch_on")["readings"]
    return [entry["result"] for entry in found]


def test_a_blackout_reaches_the_live_readings_and_ends(tmp_path):
    options = ("--broker", "mosquitto", "--history-days", "0.1", "--seed", "1")
    with running(tmp_path / "data", *options) as city:
        told = city.citylab("inject", "blackout", "--where", "east-market", "--duration", "2 h")
        assert told.returncode == 0, told.stderr
        assert "running" in told.stdout
        until(lambda: supplied(city, "grid/east-market-f1") in ([False], [0], [0.0]), 90)
        assert supplied(city, "grid/centre-f1") in ([True], [1], [1.0])
        running_now = city.get("api/v1/scenarios")["running"]
        assert [h["name"] for h in running_now] == ["blackout"]
        wrong = city.citylab("inject", "blackout", "--where", "east-markt")
        assert wrong.returncode == 1
        assert 'did you mean "east-market"?' in wrong.stderr
        assert "Traceback" not in wrong.stderr
        stopped = city.citylab("inject", "stop", "blackout")
        assert stopped.returncode == 0
        until(lambda: supplied(city, "grid/east-market-f1") in ([True], [1], [1.0]), 90)
        started = city.citylab("inject", "scenario", "market-day", "--json")
        assert json.loads(started.stdout)["kind"] == "scenario"
        unknown = city.citylab("inject", "scenario", "no-such")
        assert "there is no scenario" in unknown.stderr
        city.stop()
        city.start()
        assert [h["name"] for h in city.get("api/v1/scenarios")["running"]] == ["market-day"]


def test_a_recording_is_played_to_the_broker(tmp_path):
    lines = [
        {"time": 1748764800 + 2 * i, "topic": "tele/replayed-plug/SENSOR",
         "payload": {"Time": f"2025-06-01T08:00:{2 * i:02d}", "ENERGY": {"Power": 40 + i}}}
        for i in range(5)
    ]  # fmt: skip
    recording = tmp_path / "monday.jsonl"
    recording.write_text("\n".join(map(json.dumps, lines)))
    with running(tmp_path / "data", "--broker", "mosquitto", "--no-simulation") as city:
        played = city.citylab("replay", str(recording), "--speed", "4", "--mqtt-port", str(city.mqtt_port))
        assert played.returncode == 0, played.stderr
        assert "5 messages taken" in played.stdout

        def newest():
            found = city.get("api/v1/latest?thing=replayed-plug&property=electric_power")["readings"]
            return found and found[0]["result"] == 44 and found

        found = until(newest)
        assert found[0]["provenance"] == "simulated"
        nowhere = city.citylab("inject", "list")
        assert nowhere.returncode == 1
        assert "simulators" in nowhere.stderr
        too_fast = city.citylab("replay", str(recording), "--speed", "100000")
        assert "more than the" in too_fast.stderr


def test_readings_straight_into_a_stopped_instance(tmp_path, capsys):
    recording = tmp_path / "probe.csv"
    recording.write_text(
        "time,thing,property,value\n2025-06-01T08:00:00Z,old probe,soil_moisture,20\n"
        "2025-06-01T09:30:00Z,old probe,soil_moisture,22\n"
    )
    words = ["replay", str(recording), "--straight", "--start", "2026-03-02T00:00:00Z", "--data", str(tmp_path / "d")]
    assert main(words) == 0
    assert "2 readings stored" in capsys.readouterr().out
    assert main(words) == 0
    assert "0 readings stored, 2 were there already" in capsys.readouterr().out
    assert main(words[:2]) == 1
    assert "holds readings, not messages" in capsys.readouterr().err
