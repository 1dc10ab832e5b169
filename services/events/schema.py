"""Shape and example of the event stream."""

EXAMPLE = """\
event: ready
data: {"time":"2026-01-01T00:00:00Z"}

event: readings
data: {"time":"2026-01-01T00:00:01Z","readings":[{"datastream":7,"property":"air_temperature","result":21.5}]}

: still here

event: missed
data: {"messages":3}

event: trouble
data: {"detail":"the store of readings can't answer now"}
"""
"""Events: ``ready`` once (load /api/v1/latest now), ``readings`` (as in /api/v1/latest;
of several of one datastream within a second the newest alone), ``missed`` (this client was
too slow; load again), ``trouble`` (the store can't answer; it goes on by itself)."""
