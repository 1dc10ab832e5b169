"""The data API: OGC SensorThings 1.1, which is ITU-T Y.4473."""
