"""The API on one page."""
