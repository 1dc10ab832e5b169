"""The registry of things: look, place, adopt, import and export."""
