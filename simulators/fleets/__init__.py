"""Fleets by sector; every subclass of `Fleet` in this folder is found by scan."""
