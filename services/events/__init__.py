"""New readings as they come (server-sent events)."""
