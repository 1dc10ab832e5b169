"""Alerts: rules on readings and indicators, what they found, and who was told."""
