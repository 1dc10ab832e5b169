"""Commands between our processes, over our own broker: only the services may send, the broker's rules see to it."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from deploy.access import INTERNAL_ROOT
from services.context import CommandError

_log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Does a command with its arguments; a ValueError's text goes back to the caller."""

LARGEST = 1_000_000
_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Login:
    """Where the broker is, and as whom to enter."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)

    def client(self) -> aiomqtt.Client:
        """A client, not connected yet."""
        return aiomqtt.Client(self.host, self.port, username=self.username, password=self.password, timeout=10)


async def answer_commands(login: Login, target: str, handlers: Mapping[str, Handler]) -> None:
    """Do what the services ask of this process, until cancelled; a lost broker is reconnected to.

    Parameters
    ----------
    target : str
        Name of this process, such as ``gateway``.
    """
    while True:
        try:
            async with login.client() as client:
                await client.subscribe(f"{INTERNAL_ROOT}command/{target}", qos=1)
                async for message in client.messages:
                    if message.retain or not isinstance(message.payload, bytes):
                        continue  # a command is for now; a retained one would come back at every start
                    reply, answer = await _handle(message.payload, handlers)
                    if reply:
                        await client.publish(f"{INTERNAL_ROOT}reply/{target}/{reply}", json.dumps(answer), qos=1)
        except aiomqtt.MqttError as error:
            _log.info("commands for the %s wait for the broker: %s", target, error)
            await asyncio.sleep(_RETRY)


async def _handle(payload: bytes, handlers: Mapping[str, Handler]) -> tuple[str, dict[str, Any]]:
    """Id to reply to, "" if there is none, and the answer."""
    try:
        if len(payload) > LARGEST:
            raise ValueError(f"a command of {len(payload)} bytes; the most is {LARGEST}")
        command = json.loads(payload)
        reply, name, given = str(command["id"]), str(command["name"]), dict(command["arguments"])
        if not reply.isalnum():
            raise ValueError("the id of a command is letters and digits")
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("a command that can't be read: %s", error)
        return "", {}
    try:
        if name not in handlers:
            raise ValueError(f'unknown command "{name}"; there are {", ".join(sorted(handlers))}')
        return reply, {"result": await handlers[name](given)}
    except (ValueError, KeyError, TypeError) as error:
        return reply, {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - the caller must get an answer, whatever went wrong
        _log.exception("command %s failed", name)
        return reply, {"error": f"{name} failed ({type(error).__name__}: {error}); the log says more"}


async def send_command(
    login: Login, target: str, name: str, arguments: Mapping[str, Any], wait: float = 15.0
) -> dict[str, Any]:
    """Have another process do something, and give its result.

    Raises
    ------
    CommandError
        If it refuses, or does not answer in `wait` seconds.
    """
    number = secrets.token_hex(8)
    try:
        async with asyncio.timeout(wait), login.client() as client:
            await client.subscribe(f"{INTERNAL_ROOT}reply/{target}/{number}", qos=1)
            command = json.dumps({"id": number, "name": name, "arguments": dict(arguments)})
            await client.publish(f"{INTERNAL_ROOT}command/{target}", command, qos=1)
            payload = (await anext(aiter(client.messages))).payload
    except TimeoutError:
        raise CommandError(f"the {target} process did not answer in {wait:.0f} s; does it run?") from None
    except aiomqtt.MqttError as error:
        raise CommandError(f"the broker could not be reached ({error})") from None
    answer = json.loads(payload if isinstance(payload, bytes | str) else b"{}")
    if "error" in answer:
        raise CommandError(str(answer["error"]))
    return dict(answer["result"])
