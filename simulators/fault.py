"""Faults of devices as transforms of columns: of readings before they are encoded, and of messages after."""

FAULTS: dict[str, str] = {
    "dropout": "no message",
    "stuck": "the first result again and again",
    "drift": "grows away from the truth by `strength` a day, in the unit of the property",
    "spike": "now and then `strength` times the result",
    "noise": "scatter with a standard deviation of `strength`, in the unit of the property",
    "duplicate": "the same message twice",
    "late": "stored by the device and sent later, by up to `strength` hours",
    "out_of_order": "sent after the next message",
    "clock_skew": "the device's clock is off by `strength` seconds",
    "unit_mix_up": "Fahrenheit for Celsius, watts for kilowatts: results times `strength`",
    "garbage": "bytes that are no message",
    "meter_reset": "a register begins again at zero",
    "spoofed": "a second sender with the same name and other results",
    "low_battery": "no messages from time to time, and then none",
}
"""Faults by name."""
