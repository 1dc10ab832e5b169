"""The HTTP services: data API, series, indicators, scenarios, alerts."""
