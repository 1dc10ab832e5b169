"""The simulated city: weather, sectors, fleets of devices, faults, clock, scenarios and the ledger of what was sent."""
