"""amqtt inside this process, with our users and rules; it forgets its sessions when it ends."""

import hmac
import logging
from dataclasses import dataclass, field
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from deploy.access import credentials, may
from deploy.broker.error import BrokerError


class PasswordPlugin(BaseAuthPlugin):
    """Only our users with their passwords."""

    async def authenticate(self, *, session: Session) -> bool:
        """Compare in constant time."""
        expected = self.config.passwords.get(session.username or "", "")
        return bool(expected) and hmac.compare_digest(expected, session.password or "")

    @dataclass
    class Config:
        """Passwords by user."""

        passwords: dict[str, str] = field(default_factory=dict)


class RulePlugin(BaseTopicPlugin):
    """Our topic rules."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether the user of a session may publish to, subscribe to or receive a topic."""
        if session is None or topic is None:
            return False
        return may(session.username or "", "write" if action == Action.PUBLISH else "read", topic)

    @dataclass
    class Config:
        """No settings."""


class AmqttBroker:
    """A broker for machines without Mosquitto."""

    name = "amqtt"

    def __init__(self, data: Path, host: str, port: int) -> None:
        self._data, self._host, self._port = data, host, port
        self._broker: Broker | None = None

    async def start(self) -> None:
        """Start and wait until it accepts connections."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.ERROR)
        passwords = {user: word for user, word in credentials(self._data).items() if user != "api"}
        broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{self._host}:{self._port}", "max_connections": 500}},
                "plugins": {
                    "deploy.broker.amqtt.PasswordPlugin": {"passwords": passwords},
                    "deploy.broker.amqtt.RulePlugin": {},
                },
            }
        )
        try:
            await broker.start()
        except Exception as error:  # noqa: BLE001 - amqtt wraps whatever went wrong in many types
            raise BrokerError(
                f"the embedded broker could not listen on {self._host}:{self._port} ({error}); "
                f"stop the program that uses the port or choose another with --mqtt-port"
            ) from None
        self._broker = broker

    async def stop(self) -> None:
        """Stop it."""
        if self._broker is not None:
            await self._broker.shutdown()
            self._broker = None

    def health(self) -> dict[str, object]:
        """Whether it runs."""
        return {"ready": self._broker is not None, "name": self.name, "port": self._port}
