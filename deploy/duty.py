"""Duties that exactly one process has: rollups, restatement, alerts and their notices.

`citylab up` and the services process of Docker Compose run `keep_duties`; nothing else does.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from citylab.document import DocumentError
from citylab.instant import MICROSECONDS
from citylab.store import StoreUnavailableError
from deploy.access import INTERNAL_ROOT
from deploy.channel import Login
from deploy.settings import SettingError
from deploy.wiring import Parts, login
from services.alerts.notice import notices
from services.alerts.rule import load_rules
from services.alerts.watch import AlertWatch
from services.alerts.webhook import WebhookError, check_url, post
from services.context import Context
from services.indicators.restatement import Restatement
from services.indicators.service import shared_service

ALERT_SECONDS = 30.0
RESTATE_SECONDS = 60.0
"""Late readings are rolled up and restated this often [s]."""
WARM_SECONDS = 60.0
PRUNE_SECONDS = 6 * 3600.0
MOST_WAITING = 1000
"""Notices that may wait for a receiver; further ones are counted and left out."""
TRIES = 4
DAY = 86_400 * MICROSECONDS

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What the duties did, for `/health`."""

    looks: int = 0
    raised: int = 0
    cleared: int = 0
    restated: int = 0
    rolled_days: int = 0
    pruned: int = 0
    notices_sent: int = 0
    notices_lost: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the last time, by duty."""
    problem: dict[str, str] = field(default_factory=dict)
    """Of the last time, by duty; nothing where it went well."""


class Duties:
    """The duties of one process.

    Raises
    ------
    SettingError
        If the rules or the address of the webhook cannot be used.
    """

    def __init__(self, parts: Parts, context: Context) -> None:
        settings = parts.settings
        self.counts = Counts()
        self._parts, self._context = parts, context
        self._notices: deque[dict[str, Any]] = deque()
        self._service = service = shared_service(context)
        try:
            rules = load_rules(*([settings.rules] if settings.rules else []))
            self._watch = AlertWatch(context, rules, service)
            if settings.webhook:
                check_url(settings.webhook)
        except DocumentError:
            raise
        except ValueError as error:
            raise SettingError(str(error)) from None
        self._restatement = Restatement(context, service)
        parts.health["duties"] = self.health

    def health(self) -> dict[str, Any]:
        """State for `/health`."""
        problems = [f"{name}: {text}" for name, text in self.counts.problem.items() if text]
        counts = {n: getattr(self.counts, n) for n in Counts.__slots__ if n != "problem"}
        return {"ready": not problems, "detail": "; ".join(problems), **counts}

    async def keep(self) -> None:
        """Do them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every("rollups and restatement", RESTATE_SECONDS, self._restate))
            group.create_task(self._every("alerts", ALERT_SECONDS, self._look))
            group.create_task(self._every("indicators", WARM_SECONDS, self._warm))
            group.create_task(self._every("retention", PRUNE_SECONDS, self._prune, first=600.0))
            group.create_task(self._tell())

    async def _every(self, name: str, seconds: float, do: Callable[[], None], first: float = 0.0) -> None:
        """One duty, again and again; an error is noted, and the next time it is tried anew."""
        await asyncio.sleep(first)
        while True:
            began = time.monotonic()
            try:
                await asyncio.to_thread(do)
                self.counts.problem.pop(name, None)
            except StoreUnavailableError as error:
                self.counts.problem[name] = f"waits for the store ({error})"
            except Exception as error:  # noqa: BLE001 - a duty must not end with one mistake
                _log.exception("%s failed", name)
                self.counts.problem[name] = f"{type(error).__name__}: {error}; the log says more"
            took = time.monotonic() - began
            self.counts.seconds[name] = round(took, 3)
            await asyncio.sleep(max(seconds - took, seconds / 10))

    def _restate(self) -> None:
        rollups = getattr(self._context.store, "rollups", None)
        if rollups is not None:
            self.counts.rolled_days += rollups.roll().rolled
        self.counts.restated += len(self._restatement.look())

    def _warm(self) -> None:
        """Keep what all indicators need in memory, so that nobody waits for it."""
        self._service.assess_all(family="all")

    def _prune(self) -> None:
        """Remove raw readings past their time; what they were stays in the rollups."""
        rollups = getattr(self._context.store, "rollups", None)
        if rollups is not None:
            before = self._parts.clock() - int(self._parts.settings.raw_days * DAY)
            self.counts.pruned += rollups.prune_raw(before)

    def _look(self) -> None:
        changes = self._watch.look()
        self.counts.looks += 1
        self.counts.raised += len(changes.raised)
        self.counts.cleared += len(changes.cleared)
        for notice in notices(changes, self._context.city.name):
            if len(self._notices) < MOST_WAITING:
                self._notices.append(notice)
            else:
                self.counts.notices_lost += 1

    async def _tell(self) -> None:
        """Send notices one after the other, each to the broker and to the webhook."""
        broker = login(self._parts.settings, "services")
        while True:
            if not self._notices:
                await asyncio.sleep(1.0)
                continue
            notice = self._notices.popleft()
            told = await publish(broker, notice)
            if self._parts.settings.webhook:
                told = await deliver(self._parts.settings.webhook, notice) and told
            self.counts.notices_sent += told
            self.counts.notices_lost += not told


async def publish(broker: Login, notice: dict[str, Any]) -> bool:
    """Publish a notice under ``citylab/alert/SEVERITY/RULE``; whether the broker took it."""
    topic = f"{INTERNAL_ROOT}alert/{notice['severity']}/{notice['rule']}"
    try:
        async with asyncio.timeout(10), broker.client() as client:
            await client.publish(topic, json.dumps(notice, ensure_ascii=False).encode("utf-8", "replace"), qos=1)
    except (aiomqtt.MqttError, TimeoutError) as error:
        _log.warning("an alert was not published: %s", error)
        return False
    return True


async def deliver(url: str, notice: dict[str, Any], wait: float = 2.0) -> bool:
    """Post a notice to the webhook, a few times if need be; whether it was taken."""
    for attempt in range(TRIES):
        try:
            await asyncio.to_thread(post, url, notice)
        except WebhookError as error:
            _log.warning("alert not delivered (attempt %d of %d): %s", attempt + 1, TRIES, error)
            await asyncio.sleep(wait * 2**attempt)
        else:
            return True
    return False


async def keep_duties(parts: Parts, context: Context) -> None:
    """Do the duties of this process until cancelled."""
    await Duties(parts, context).keep()
