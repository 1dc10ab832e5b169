"""Errors that a command reports as one sentence."""


class UsageError(Exception):
    """The command was called in a way that cannot work; the text names the cause and the remedy."""
