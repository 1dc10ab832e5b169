"""The `citylab` command: finds the commands in `deploy/command/`, reads arguments, reports errors in one line."""

import argparse
import ast
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

from citylab.document import DocumentError, nearest
from citylab.store import StoreUnavailableError
from deploy import command
from deploy.broker.error import BrokerError
from deploy.error import UsageError
from deploy.heap import bound_heap
from deploy.settings import SettingError

EPILOG = """\
Three ways in:
  a trainee     citylab up                      a living city in a minute; open the page it names
  an engineer   citylab profile test FILE.yaml  describe a device in 20 lines, try it on real bytes
  a trainer     citylab check SCENARIO.yaml     run a story at full speed and verify what it must cause

Every setting is also an environment variable: --mqtt-port is CITYLAB_MQTT_PORT.
"""


class Command(Protocol):
    """A module in `deploy/command/`; its docstring's first line is the help of the command."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare arguments."""

    def run(self, given: argparse.Namespace) -> int:
        """Do it; the exit code."""


class _Parser(argparse.ArgumentParser):
    """Names the nearest command for a misspelt one, and exits with 2 as usual."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice" in message:
            word = message.split("'")[1]
            choices = [name for action in self._actions if action.choices for name in action.choices]
            where = "command" if "COMMAND" in message else message.removeprefix("argument ").split(":")[0]
            message = f'unknown {where} "{word}"; {nearest(word, map(str, choices))}'
        elif message.startswith("unrecognized arguments: ") and not message.split(": ")[1].startswith("-"):
            message = f"{message}; put names, files and payloads before the options"
        print(f"{self.prog}: {message}\nSee: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def command_names() -> list[str]:
    """Names of all commands."""
    return sorted(module.name for module in pkgutil.iter_modules(command.__path__))


def load(name: str) -> Command:
    """The module of a command."""
    return cast("Command", importlib.import_module(f"{command.__name__}.{name}"))


def docstring(name: str) -> str:
    """What a command says of itself, read without importing what it needs."""
    path = Path(command.__path__[0]) / f"{name}.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def parser(chosen: str = "") -> argparse.ArgumentParser:
    """The parser of the whole command line, with the arguments of one command.

    Parameters
    ----------
    chosen : str
        First word of the command line; only this command is imported, which keeps starting quick.
    """
    top = _Parser(
        prog="citylab",
        description="A smart-city IoT reference platform with a simulated city and U4SSC indicators.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"citylab {version('citylab')}")
    below = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in command_names():
        text = docstring(name)
        part = below.add_parser(
            name.replace("_", "-"),
            help=text.splitlines()[0].rstrip("."),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name.replace("_", "-") == chosen:
            module = load(name)
            module.arguments(part)
            part.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors of the user's are one sentence on standard error and exit code 1 (2 for usage)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    given = parser(words[0] if words else "").parse_args(words)
    bound_heap()
    try:
        result: Any = given.run(given)
    except (DocumentError, SettingError, BrokerError, UsageError, StoreUnavailableError) as error:
        print(f"citylab {given.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    return int(result)
