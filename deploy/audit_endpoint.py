"""The audit over HTTP: `/api/v1/audit`; here and not in the services, since it reads the simulators' ledger."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query

from citylab.state import State
from citylab.store import Store
from deploy.audit import SHOWN, audit
from deploy.fate import Audit, Fate
from simulators.ledger import Ledger

SETTLE = 2.0
"""A message that the broker took is on its way to the store for so long at most, while no part is away [s]."""


def router(store: Store, state: State, ledger_folder: Path, settle: float = SETTLE) -> APIRouter:
    """The route of the audit; what seems lost is looked for once more after a while [s]."""
    api = APIRouter(prefix="/api/v1", tags=["audit"])

    @api.get("/audit")
    def close_the_books(
        every: Annotated[bool, Query(alias="all", description=f"name every message, not {SHOWN} of a kind")] = False,
    ) -> dict[str, Any]:
        """Compare what the simulated devices sent with what is stored, refused and shed, message by message."""
        entries = list(Ledger(ledger_folder).entries())

        def close() -> Audit:
            shown = None if every else SHOWN
            return audit(entries, store, state.registry, state.rejects, state.memory("gateway"), shown)

        found = close()
        if found.fates[Fate.LOST]:  # or on its way
            time.sleep(settle)
            found = close()
        return describe(found)

    return api


def describe(found: Audit) -> dict[str, Any]:
    """The audit as JSON."""

    def fates(counts: Any) -> dict[str, int]:
        return {fate.value: counts[fate] for fate in Fate if counts[fate]}

    return {
        "closed": found.closed,
        "meant": found.meant,
        "messages": fates(found.fates),
        "doubled_readings": found.doubled,
        "second_sendings": found.again,
        "duplicates_without_time": found.copied,
        "garbage_decoded": found.decoded,
        "shed_by_gateway_count": found.shed,
        "evicted_by_box_count": found.evicted,
        "by_fault": {name: fates(counts) for name, counts in sorted(found.by_fault.items())},
        "by_device": {name: fates(counts) for name, counts in sorted(found.by_device.items())},
        "troubles_by_kind": dict(sorted(found.found.items())),
        "troubles": [asdict(trouble) for trouble in found.troubles],
    }
