"""Our broker, both kinds: users, rules, ports, leftovers."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from deploy.access import RULES, acl_text, credentials, matches, may
from deploy.broker import choose_broker
from deploy.broker.error import BrokerError

HOST = "127.0.0.1"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"])
async def users(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> AsyncIterator[dict[str, str]]:
    broker = choose_broker(tmp_path, HOST, port, request.param)
    await broker.start()
    assert broker.health()["ready"] is True
    yield credentials(tmp_path)
    await broker.stop()
    assert broker.health()["ready"] is False


def client(port: int, user: str | None, password: str | None) -> aiomqtt.Client:
    return aiomqtt.Client(HOST, port, username=user, password=password, timeout=3)


async def received(port: int, users: dict[str, str], publish: dict[str, tuple[str, ...]]) -> list[str]:
    """Topics the gateway sees when users publish to topics."""
    seen: list[str] = []
    async with client(port, "gateway", users["gateway"]) as reader:
        await reader.subscribe("#", qos=1)
        for user, topics in publish.items():
            async with client(port, user, users[user]) as writer:
                for topic in topics:
                    await writer.publish(topic, b"1", qos=0)
                await writer.publish(f"{topics[-1]}", b"1", qos=0)
        try:
            async with asyncio.timeout(1.0):
                async for message in reader.messages:
                    seen.append(str(message.topic))
        except TimeoutError:
            pass
    return seen


async def test_nobody_enters_without_a_password(port: int, users: dict[str, str]) -> None:
    for user, password in ((None, None), ("device", "wrong"), ("nobody", "x"), ("device", "")):
        with pytest.raises(aiomqtt.MqttError):
            async with client(port, user, password):
                pass


async def test_only_the_simulator_publishes_under_the_simulated_root(port: int, users: dict[str, str]) -> None:
    seen = await received(
        port,
        users,
        {"device": ("sim/x", "citylab/command/up", "tele/x/SENSOR"), "simulator": ("tele/y/SENSOR", "sim/y")},
    )
    assert set(seen) == {"tele/x/SENSOR", "sim/y"}


@pytest.mark.mosquitto
async def test_what_is_sent_at_qos_0_while_the_gateway_is_away_waits_for_it(tmp_path: Path, port: int) -> None:
    broker = choose_broker(tmp_path, HOST, port, "mosquitto")
    await broker.start()
    words = credentials(tmp_path)

    def gateway() -> aiomqtt.Client:
        return aiomqtt.Client(
            HOST, port, username="gateway", password=words["gateway"], identifier="g", clean_session=False, timeout=3
        )

    async with gateway() as reader:
        await reader.subscribe("#", qos=1)
    async with client(port, "device", words["device"]) as device:
        await device.publish("tele/x/SENSOR", b"1", qos=0)
        await device.publish("tele/y/SENSOR", b"1", qos=1)
    async with gateway() as reader, asyncio.timeout(5.0):
        seen = [str((await anext(reader.messages)).topic) for _ in range(2)]
    assert seen == ["tele/x/SENSOR", "tele/y/SENSOR"]
    await broker.stop()


def test_passwords_are_generated_once_and_private(tmp_path: Path) -> None:
    first = credentials(tmp_path)
    assert credentials(tmp_path) == first
    assert len(set(first.values())) == len(RULES) + 1
    if os.name == "posix":
        assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_damaged_secrets_are_named(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("[1")
    with pytest.raises(ValueError, match=r"secrets\.json: not a JSON object"):
        credentials(tmp_path)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("#", "a/b", True), ("#", "$SYS/x", False), ("a/+", "a/b", True), ("a/+", "a/b/c", False),
        ("a/#", "a", True), ("a/b", "a/#", False), ("a/#", "a/#", True), ("+", "a", True), ("a", "b", False),
    ],
)  # fmt: skip
def test_topic_filters(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


def test_rules_say_the_same_in_both_brokers() -> None:
    assert not may("device", "write", "sim/x")
    assert may("device", "write", "zigbee2mqtt/lamp")
    assert not may("learner", "read", "citylab/command/simulators")
    assert "user device\ntopic write #\ntopic deny sim/#" in acl_text()


@pytest.mark.mosquitto
async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {taken} .* is taken"):
            await choose_broker(tmp_path, HOST, taken, "mosquitto").start()


@pytest.mark.mosquitto
async def test_the_child_ends_with_a_killed_parent_or_is_taken_over(tmp_path: Path, port: int) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom deploy.broker import choose_broker\n"
        "async def run():\n"
        "    await choose_broker(Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]), 'mosquitto').start()\n"
        "    print('up', flush=True)\n    await asyncio.sleep(60)\nasyncio.run(run())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(port)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    broker = choose_broker(tmp_path, HOST, port, "mosquitto")
    await asyncio.sleep(0.3)
    await broker.start()
    assert broker.health()["ready"] is True
    await broker.stop()
