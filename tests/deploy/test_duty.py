"""Duties of one process: alerts reach the broker and the page, late readings restate, and /health says how it goes."""

import asyncio
import json
from pathlib import Path

import aiomqtt
import pytest

from citylab.instant import parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.thing import Thing
from deploy.access import credentials
from deploy.broker import choose_broker
from deploy.duty import Duties, deliver
from deploy.settings import SettingError, Settings
from deploy.wiring import make_context, open_parts
from tests.deploy.test_broker import HOST, port  # noqa: F401 - a fixture

NOW = parse_instant("2026-01-05T12:00:00Z")
MINUTE = 60_000_000


def write(parts, thing, name, rows):
    stream = parts.state.registry.resolve([DatastreamKey(thing, name)])[0]
    parts.store.register([stream])
    batch = [Observation(stream.id, t, t, v, Quality.GOOD, Provenance.MEASURED) for t, v in rows]
    parts.store.write(ObservationBatch.from_rows(batch))


def parts_of(folder, **fields):
    parts = open_parts(Settings(data=folder, **fields), clock=lambda: NOW)
    parts.state.registry.put([Thing(0, "f", kind="vaccine_fridge", label="Fridge")])
    return parts


@pytest.mark.parametrize("kind", [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"])
async def test_an_alert_is_published_and_a_learner_sees_it(tmp_path: Path, port: int, kind: str):  # noqa: F811
    broker = choose_broker(tmp_path, HOST, port, kind)
    await broker.start()
    parts = parts_of(tmp_path, mqtt_port=port)
    duties = Duties(parts, make_context(parts))
    write(parts, "f", "temperature", [(NOW - 40 * MINUTE, 9.0)])
    password = credentials(tmp_path)["learner"]
    async with aiomqtt.Client(HOST, port, username="learner", password=password) as learner:
        await learner.subscribe("citylab/alert/#", qos=1)
        keeping = asyncio.create_task(duties.keep())
        async with asyncio.timeout(30):
            message = await anext(aiter(learner.messages))
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    await broker.stop()
    notice = json.loads(message.payload)
    assert str(message.topic) == "citylab/alert/critical/vaccine-fridge-warm"
    assert notice["text"] == "Fridge, temperature: vaccines too warm (9 Cel; above 8 for 30 min)"
    health = parts.health["duties"]()
    assert health["ready"], health
    assert health["raised"] == 1
    parts.close()


async def test_a_failed_duty_is_said_and_tried_again(tmp_path: Path):
    parts = parts_of(tmp_path, store="memory")
    duties = Duties(parts, make_context(parts))
    calls = []

    def fail() -> None:
        calls.append(1)
        raise RuntimeError("broken on purpose")

    task = asyncio.create_task(duties._every("test", 0.02, fail))
    await asyncio.sleep(0.5)
    assert len(calls) >= 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "broken on purpose" in duties.health()["detail"]
    assert not duties.health()["ready"]
    parts.close()


def test_a_wrong_webhook_or_rule_ends_the_start(tmp_path: Path):
    parts = parts_of(tmp_path, store="memory", webhook="ftp://x")
    with pytest.raises(SettingError, match="expected an address"):
        Duties(parts, make_context(parts))
    parts.close()


async def test_a_webhook_that_is_away_is_given_up():
    assert not await deliver("http://127.0.0.1:9/", {"text": "x"}, wait=0.001)
