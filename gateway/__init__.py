"""The gateway: MQTT in, readings into a store, and the broker's acknowledgement after that."""
