"""The store in InfluxDB 1.x and 2.x."""

from stores.influx.journal import rolled_until
from stores.influx.rollup import rollup_bucket
from stores.influx.store import MARGIN, InfluxStore

__all__ = ["MARGIN", "InfluxStore", "rolled_until", "rollup_bucket"]
