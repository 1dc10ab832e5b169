"""Show a password of our own broker, or who its users are.

Without a user it lists the users and what each may do. With one it prints the password, alone on a line, so that
it can stand in a command: mosquitto_pub -u device -P "$(citylab password device)" ...
"""

import argparse

from deploy.access import RULES, credentials
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import table


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("user", nargs="?", choices=[*RULES, "api"], help="whose; `api`: the token that allows writing")
    add_settings(parser, "data")


def run(given: argparse.Namespace) -> int:
    """Print it."""
    settings = settings_of(given)
    if given.user is None:
        rows = [(user, " ".join(rule.read), " ".join(rule.write), " ".join(rule.deny)) for user, rule in RULES.items()]
        print(table(["user", "may read", "may publish", "but not"], rows))
        return 0
    if not (settings.data / "secrets.json").exists():
        raise UsageError(f"{settings.data} holds no passwords yet; `citylab up` makes them at its first start")
    print(credentials(settings.data)[given.user])
    return 0
