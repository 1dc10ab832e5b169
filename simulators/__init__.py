"""The simulated city: weather, sectors, fleets, faults, clock, scenarios and the ledger of what was sent."""
