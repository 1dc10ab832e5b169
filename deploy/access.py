"""Who may do what on our own broker: users, generated passwords, topic rules."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SIMULATED_ROOT = "sim/"
"""Topic root that only the simulator may publish under."""

INTERNAL_ROOT = "citylab/"
"""Topic root of commands between our own processes, and of alerts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Topic rules of one user: MQTT filters it may read, may write, and may do neither with."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


RULES: Mapping[str, Rule] = {
    "gateway": Rule(read=("#", "$SYS/#"), write=("citylab/reply/gateway/#",)),
    "simulator": Rule(read=("citylab/command/simulators",), write=("sim/#", "citylab/reply/simulators/#")),
    "services": Rule(read=("citylab/reply/#",), write=("citylab/command/#", "citylab/alert/#")),
    "device": Rule(write=("#",), deny=("sim/#", "citylab/#")),
    "learner": Rule(read=("#", "$SYS/#"), deny=("citylab/command/#", "citylab/reply/#")),
}
"""Users of the broker. `device` is for real devices, `learner` for people who watch with an MQTT client."""


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter matches a topic or covers a narrower filter.

    Examples
    --------
    >>> matches("sim/#", "sim/tele/meter-1/SENSOR"), matches("#", "$SYS/broker/uptime")
    (True, False)
    """
    if topic.startswith("$") and not topic_filter.startswith("$"):
        return False
    wanted, found = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(found) or found[position] == "#" or level not in {"+", found[position]}:
            return False
    return len(wanted) == len(found)


def may(user: str, action: str, topic: str) -> bool:
    """Whether a user may ``read`` or ``write`` a topic (or subscribe to a filter)."""
    rule = RULES.get(user)
    if rule is None or any(matches(f, topic) for f in rule.deny):
        return False
    return any(matches(f, topic) for f in (rule.read if action == "read" else rule.write))


def credentials(folder: Path) -> dict[str, str]:
    """Passwords by user, generated at the first call and kept in ``secrets.json``, readable by its owner only.

    Parameters
    ----------
    folder : Path
        Data folder; made if it is missing.

    Raises
    ------
    ValueError
        If the file is there but is not what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secrets.json"
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = {str(user): str(password) for user, password in json.loads(path.read_text()).items()}
        except (ValueError, AttributeError):
            raise ValueError(f"{path}: not a JSON object of users and passwords; restore or remove it") from None
    missing = [user for user in (*RULES, "api") if user not in known]
    if missing:
        known |= {user: secrets.token_urlsafe(18) for user in missing}
        write_private(path, json.dumps(known, indent=1) + "\n")
    return known


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def password_line(user: str, password: str) -> str:
    """Line of a Mosquitto 2 password file: PBKDF2 with SHA-512."""
    salt, rounds = secrets.token_bytes(12), 101
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"{user}:$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def acl_text() -> str:
    """The rules as a Mosquitto access control list."""
    lines = []
    for user, rule in RULES.items():
        lines.append(f"user {user}")
        for word, filters in (("read", rule.read), ("write", rule.write), ("deny", rule.deny)):
            lines += [f"topic {word} {topic_filter}" for topic_filter in filters]
        lines.append("")
    return "\n".join(lines)
