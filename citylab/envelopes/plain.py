"""No envelope: the payload is the device's own, the topic names it."""

from citylab.uplink import Context, Opened, Uplink

TOPICS = ("#",)


def unwrap(payload: bytes, context: Context) -> Opened:
    """The payload as it is, for the codec of the profile, whose own pattern names the parts of the topic."""
    del context
    return Opened([Uplink(data=payload)])
