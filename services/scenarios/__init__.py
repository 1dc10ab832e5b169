"""Scenarios of the simulated city: what there is, what happens, what is to happen."""
