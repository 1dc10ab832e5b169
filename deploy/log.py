"""Log lines on standard error: readable for people, or one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class _JsonFormatter(logging.Formatter):
    """One JSON object a line; hostile text can't forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class _TextFormatter(logging.Formatter):
    """A readable line; control characters of hostile text are shown, not sent to the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        record.msg = record.getMessage().encode("unicode_escape").decode("ascii") if _hostile(record) else record.msg
        record.args = () if _hostile(record) else record.args
        return super().format(record)


def _hostile(record: logging.LogRecord) -> bool:
    return not record.getMessage().isprintable()


def set_up_logging(*, structured: bool | None = None) -> None:
    """Send warnings of the libraries and everything of ours from INFO on to standard error.

    Parameters
    ----------
    structured : bool | None
        JSON lines; None: where standard error is no terminal.
    """
    handler = logging.StreamHandler()
    as_json = not sys.stderr.isatty() if structured is None else structured
    handler.setFormatter(_JsonFormatter() if as_json else _TextFormatter(_FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("gateway", "stores", "services", "simulators", "deploy", "citylab"):
        logging.getLogger(name).setLevel(logging.INFO)
