"""Run our own MQTT broker alone, with its generated users.

Prints how to publish to it and how to watch it. `citylab up` starts the same broker by itself.
"""

import argparse
import asyncio

from deploy.access import credentials
from deploy.broker import choose_broker
from deploy.option import add_settings, settings_of
from deploy.process import until_stopped
from deploy.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(parser, "data", "broker", "mqtt-host", "mqtt-port")


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    asyncio.run(_serve(settings_of(given)))
    return 0


async def _serve(settings: Settings) -> None:
    broker = choose_broker(settings.data, settings.mqtt_host, settings.mqtt_port, settings.broker)
    await broker.start()
    print(f"{broker.name} listens on {settings.mqtt_host}:{settings.mqtt_port}.\n{hint(settings)}", flush=True)
    try:
        await until_stopped()
    finally:
        await broker.stop()


def hint(settings: Settings) -> str:
    """How to publish to the broker and to watch it."""
    words = credentials(settings.data)
    where = f"-h {settings.mqtt_host} -p {settings.mqtt_port}"
    return (
        f"  publish: mosquitto_pub {where} -u device -P {words['device']} "
        f'-t tele/my-plug/SENSOR -m \'{{"ENERGY":{{"Power":42}}}}\'\n'
        f"  watch:   mosquitto_sub {where} -u learner -P {words['learner']} -t '#' -v"
    )
