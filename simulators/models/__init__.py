"""Sensor models: plain numpy functions with units; no clock, no MQTT, no random state."""
