"""Readings in and out of files, and backups."""

from stores.transfer.archive import backup, restore
from stores.transfer.file import ImportReport, check_readings, export_readings, import_readings
from stores.transfer.record import Mistake

__all__ = ["ImportReport", "Mistake", "backup", "check_readings", "export_readings", "import_readings", "restore"]
