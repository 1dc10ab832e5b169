"""Topic patterns: levels with named parts, such as ``tele/{device}/SENSOR``."""

import re
from dataclasses import dataclass
from functools import lru_cache

_PART = re.compile(r"\{([a-z_]*)(\.\.\.)?\}|(\*)")


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A compiled pattern.

    Notes
    -----
    ``{name}`` stands for one level or a part of one, ``{name...}`` for one level or more, ``+`` for any level, ``*``
    for any part of a level, a final ``#`` for any rest, also none. A slash at the start of a topic does not count.
    """

    text: str
    regex: re.Pattern[str]
    specificity: tuple[int, int]
    """Literal levels, then literal characters: the larger, the narrower."""

    def match(self, topic: str) -> dict[str, str] | None:
        """Named parts of a topic, or None if it does not fit."""
        found = self.regex.fullmatch(topic)
        return None if found is None else found.groupdict()

    def fill(self, parts: dict[str, str]) -> str:
        """The topic with its parts filled in.

        Raises
        ------
        KeyError
            If a part is missing.
        """
        return _PART.sub(lambda m: parts[m[1]] if m[1] else "any", self.text.replace("/#", "").replace("+", "any"))


def _level(level: str) -> str:
    if level == "+":
        return "[^/]*"
    out, at = "", 0
    for part in _PART.finditer(level):
        out += re.escape(level[at : part.start()])
        if part[3]:
            out += "[^/]*"
        else:
            body = ".+" if part[2] else "[^/]+"
            out += f"(?P<{part[1]}>{body})" if part[1] else body
        at = part.end()
    return out + re.escape(level[at:])


@lru_cache(maxsize=4096)
def topic_pattern(text: str) -> TopicPattern:
    """Compile a pattern.

    Raises
    ------
    ValueError
        If a name stands twice, or ``#`` is not the last level.

    Examples
    --------
    >>> topic_pattern("tele/{device}/SENSOR").match("tele/plug/SENSOR")
    {'device': 'plug'}
    """
    levels = text.removeprefix("/").split("/")
    if "#" in "".join(levels[:-1]):
        raise ValueError(f'topic "{text}": "#" stands for the rest and must be the last level')
    if any(sign in _PART.sub("", text) for sign in "{}"):
        raise ValueError(f'topic "{text}": a bracket stands alone; expected parts such as {{device}}')
    rest = levels[-1] == "#"
    body = "/".join(_level(level) for level in (levels[:-1] if rest else levels))
    if rest:
        body = f"{body}(?:/.*)?" if body else ".*"
    try:
        regex = re.compile(f"/?{body}", re.DOTALL)
    except re.error as error:
        raise ValueError(f'topic "{text}": {error.msg}') from None
    plain = [level for level in levels if not _PART.search(level) and level not in {"+", "#"}]
    characters = len(_PART.sub("", text)) - 2 * text.count("#")
    return TopicPattern(text, regex, (len(plain), characters))
