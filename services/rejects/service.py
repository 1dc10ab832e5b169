"""Dead letters as JSON."""

from base64 import b64encode
from typing import Any

from citylab.instant import format_instant
from citylab.state import DeadLetter
from services.context import CommandError, Context
from services.error import RequestError

_PREVIEW = 400
_MOST_SHED = 100


def describe(letter: DeadLetter, *, whole: bool) -> dict[str, Any]:
    """One entry (shape: `schema.Reject`)."""
    try:
        encoding, payload = "text", letter.payload.decode()
    except UnicodeDecodeError:
        encoding, payload = "base64", b64encode(letter.payload).decode()
    replayed = letter.replayed_time
    return {
        "id": letter.id,
        "received_time": format_instant(letter.received_time),
        "source": letter.source,
        "topic": letter.topic,
        "device": letter.device,
        "profile": letter.profile,
        "code": letter.code,
        "text": letter.text,
        "place": letter.place,
        "parent": letter.parent,
        "simulated": letter.simulated,
        "replayed_time": None if replayed is None else format_instant(replayed),
        "size": len(letter.payload),
        "encoding": encoding,
        "payload": payload if whole else payload[:_PREVIEW],
    }


class RejectService:
    """Answers for dead letters."""

    def __init__(self, context: Context) -> None:
        self._box = context.state.rejects
        self._gateway = context.state.memory("gateway")
        self._command = context.command

    def find(self, *, code: str, device: str, text: str, before: int | None, limit: int) -> dict[str, Any]:
        """A page of entries (shape: `schema.Rejects`)."""
        letters = self._box.find(code=code, device=device, text=text, before=before, limit=limit)
        more = letters[-1].id if len(letters) == limit else None
        return {
            "counts": self._box.count(),
            "shed": self._shed(),
            "before": more,
            "rejects": [describe(letter, whole=False) for letter in letters],
        }

    def _shed(self) -> list[dict[str, Any]]:
        """Messages over a limit, by the gateway's own durable count."""
        rows = sorted(self._gateway.get("book/shed") or [], key=lambda row: -row[2])
        return [{"device": device, "reason": reason, "count": count} for device, reason, count in rows[:_MOST_SHED]]

    def get(self, entry: int) -> dict[str, Any]:
        """One entry with its whole payload (shape: `schema.Reject`)."""
        letter = self._box.get(entry)
        if letter is None:
            raise RequestError(404, f"there is no reject {entry}; old ones are evicted when the box is full")
        return describe(letter, whole=True)

    async def replay(self, entry: int) -> dict[str, Any]:
        """Have the gateway decode an entry again and store it, once (shape: `schema.Replayed`).

        Raises
        ------
        RequestError
            If there is no such entry.
        CommandError
            If there is no gateway, or it refuses.
        """
        self.get(entry)
        if self._command is None:
            raise CommandError("no gateway runs here; start it with `citylab up`")
        return await self._command("gateway", "replay", {"entry": entry})
