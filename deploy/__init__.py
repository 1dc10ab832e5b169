"""The command line, settings, wiring and the embedded broker."""
