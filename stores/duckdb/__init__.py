"""The embedded store: one DuckDB file, one process."""

from stores.duckdb.store import DuckDBStore

__all__ = ["DuckDBStore"]
