"""The commands of `citylab`, one module each, found by name."""
