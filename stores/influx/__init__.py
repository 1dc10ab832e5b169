"""The store in InfluxDB 1.x and 2.x."""

from stores.influx.store import InfluxStore

__all__ = ["InfluxStore"]
