"""Commands between processes: answered, refused, limited to the services."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.access import credentials
from deploy.broker import choose_broker
from deploy.channel import CommandError, Login, answer_commands, send_command
from tests.deploy.test_broker import HOST, port  # noqa: F401 - a fixture


async def double(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["number"] > 10:
        raise ValueError("found a number above 10; expected at most 10")
    return {"number": 2 * given["number"]}


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"])
async def words(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> AsyncIterator[dict[str, str]]:  # noqa: F811
    broker = choose_broker(tmp_path, HOST, port, request.param)
    await broker.start()
    found = credentials(tmp_path)
    server = asyncio.create_task(
        answer_commands(Login(HOST, port, "gateway", found["gateway"]), "gateway", {"double": double})
    )
    await asyncio.sleep(0.3)
    yield found
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    await broker.stop()


async def test_a_command_is_done_or_refused_with_the_reason(port: int, words: dict[str, str]) -> None:  # noqa: F811
    login = Login(HOST, port, "services", words["services"])
    assert await send_command(login, "gateway", "double", {"number": 4}) == {"number": 8}
    with pytest.raises(CommandError, match="above 10"):
        await send_command(login, "gateway", "double", {"number": 11})
    with pytest.raises(CommandError, match='unknown command "halve"; there are double'):
        await send_command(login, "gateway", "halve", {})
    with pytest.raises(CommandError, match="simulators process did not answer"):
        await send_command(login, "simulators", "double", {"number": 1}, wait=0.5)


async def test_others_and_garbage_command_nothing(port: int, words: dict[str, str]) -> None:  # noqa: F811
    for user in ("device", "simulator", "learner"):
        with pytest.raises(CommandError):
            await send_command(Login(HOST, port, user, words[user]), "gateway", "double", {"number": 4}, wait=0.5)
    async with Login(HOST, port, "services", words["services"]).client() as client:
        for payload in ("", "{", "[]", "null", json.dumps({"id": "a/b", "name": "double", "arguments": {"number": 1}})):
            await client.publish("citylab/command/gateway", payload, qos=1)
    login = Login(HOST, port, "services", words["services"])
    assert await send_command(login, "gateway", "double", {"number": 1}) == {"number": 2}
