"""Stores of readings, and the state that is not readings."""
