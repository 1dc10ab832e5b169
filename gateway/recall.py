"""What was said before: retained messages, facts about things, a device's own message counter."""

from hashlib import blake2b

from citylab.message import Message, ThingUpdate
from gateway.batch import Batch


class Recall:
    """Memory of the intake, bounded.

    Parameters
    ----------
    most : int
        Topics, things and devices remembered; with more, all are learned anew.
    """

    def __init__(self, most: int) -> None:
        self.retained: dict[str, int] = {}
        """Hash of the last retained message without a time by source and topic; durable with its batch."""
        self._most = most
        self._things: dict[str, ThingUpdate] = {}
        self._sequences: dict[str, int] = {}

    def forget_things(self) -> None:
        """Other profiles may say other things."""
        self._things.clear()

    def known(self, batch: Batch, message: Message) -> bool:
        """Whether this retained message was taken before: brokers send them again at every new session."""
        key = f"{message.source}/{'sim/' if message.simulated else ''}{message.topic}"
        # a payload that met another's hash by chance would be lost, so no checksum
        hashed = int.from_bytes(blake2b(message.payload, digest_size=8).digest(), "little", signed=True)
        if self.retained.get(key) == hashed:
            return True
        if len(self.retained) < self._most:
            self.retained[key] = batch.facts[f"retained/{key}"] = hashed
        return False

    def note_things(self, batch: Batch, updates: list[ThingUpdate]) -> None:
        """Pass on what is new about things."""
        for update in updates:
            if self._things.get(update.name) != update:
                if len(self._things) >= self._most:
                    self._things.clear()
                self._things[update.name] = update
                batch.things.append(update)

    def note_sequence(self, batch: Batch, device: str, number: int, modulus: int) -> None:
        """Count what is missing between a device's message numbers; going back is a restart or late."""
        last = self._sequences.get(device)
        if last is None:
            if len(self._sequences) >= self._most:
                self._sequences.clear()
            self._sequences[device] = number
            return
        step = (number - last) % modulus if modulus > 0 else number - last
        if step > 0 and not (modulus > 0 and step > modulus // 2):
            if step > 1:
                batch.gaps[device] += step - 1
            self._sequences[device] = number
        elif step < 0 and number == 0:
            self._sequences[device] = number
