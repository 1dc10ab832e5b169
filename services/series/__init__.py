"""Readings over time, thinned to what a chart can show."""
