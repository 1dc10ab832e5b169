"""The dead-letter box, to read."""
