"""What can go wrong with a broker."""


class BrokerError(Exception):
    """The broker could not be started or ended by itself; the text names the cause and the remedy."""
