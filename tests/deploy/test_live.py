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
        others = ("grid/centre-f1", "grid/lakeside-f1", "grid/west-gardens-f1")
        on = [supplied(city, name) in ([True], [1], [1.0]) for name in others]
        assert any(on), "one may be out on a day like others"
        running_now = city.get("api/v1/scenarios")["running"]
        assert [h["name"] for h in running_now] == ["blackout"]
        wrong = city.citylab("inject", "blackout", "--where", "east-markt")
        assert wrong.returncode == 1
        assert 'did you mean "east-market"?' in wrong.stderr
        assert "Traceback" not in wrong.stderr
        until(lambda: "The books close." in city.citylab("audit").stdout, 60)
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


def test_a_scenario_is_played_fast_with_its_own_fleets_until_the_present(tmp_path):
    story = tmp_path / "cut.yaml"
    story.write_text(
        "name: cut\ncity: noakanda\nseed: 7\nspeed: 240\nduration: 1 d\nintervals: {feeder_meter: 5 min}\n"
        "fleets: {feeder_meter: 5, smart_meter: 10, bus: 2}\n"
        "events:\n- {event: blackout, at: 30 min, duration: 1 h}\n"
    )
    options = ("--broker", "mosquitto", "--history-days", "0.1", "--play", str(story))
    wrong = ["up", "--no-browser", "--data", str(tmp_path / "x"), "--play", str(story)]
    assert main([*wrong, "--city", "kivuli"]) == 1
    assert main([*wrong, "--speed", "100000"]) == 1
    with running(tmp_path / "data", *options) as city:
        begun = time.time()
        things = city.get("v1.1/Things?$top=1000&$count=true")
        kinds = [thing["properties"].get("kind") for thing in things["value"]]
        assert (kinds.count("feeder_meter"), kinds.count("smart_meter"), kinds.count("bus")) == (5, 10, 2)
        assert [h["name"] for h in city.get("api/v1/scenarios")["running"]] == ["cut"]
        name = next(thing["name"] for thing in things["value"] if thing["name"].startswith("grid/"))
        until(lambda: supplied(city, name) in ([False], [0], [0.0]), 60)
        until(lambda: supplied(city, name) in ([True], [1], [1.0]), 60)
        assert time.time() - begun < 120, "an hour and a half of the city"
        assert "are played in 0.6 minutes" in city.log()
