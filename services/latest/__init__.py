"""Newest reading of each datastream."""
