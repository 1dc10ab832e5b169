"""State of the parts, and metrics."""
