"""Asks the process of the simulators what happens to the city, and tells it what is to happen."""

from collections.abc import Mapping
from typing import Any

from services.context import CommandError, Context
from services.error import RequestError

TARGET = "simulators"


class ScenarioService:
    """Answers for scenarios.

    Every method raises `CommandError` if no simulators run, or if they refuse.
    """

    def __init__(self, context: Context) -> None:
        self._command = context.command

    async def list(self) -> dict[str, Any]:
        """Scenarios and what runs (shape: `schema.Scenarios`)."""
        return await self._ask("list", {})

    async def inject(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Let something happen (shape: `schema.HappeningModel`)."""
        return await self._ask("inject", given)

    async def start(self, name: str) -> dict[str, Any]:
        """Start a scenario (shape: `schema.HappeningModel`).

        Raises
        ------
        RequestError
            If there is none of that name.
        """
        found = {scenario["name"] for scenario in (await self.list())["scenarios"]}
        if name not in found:
            raise RequestError(404, f'there is no scenario "{name}"; there are {", ".join(sorted(found))}')
        return await self._ask("start", {"name": name})

    async def stop(self, what: str) -> dict[str, Any]:
        """End what runs, by its id or name (shape: `schema.Stopped`)."""
        return await self._ask("stop", {"what": what})

    async def _ask(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if self._command is None:
            raise CommandError("no simulated city runs here; start it with `citylab up`")
        return await self._command(TARGET, name, given)
