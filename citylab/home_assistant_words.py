"""Words of Home Assistant discovery: short names of config fields, and which property a device class is."""

LONG = {
    "stat_t": "state_topic", "uniq_id": "unique_id", "dev_cla": "device_class", "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template", "dev": "device", "ids": "identifiers", "avty_t": "availability_topic",
    "avty": "availability", "pl_avail": "payload_available", "pl_not_avail": "payload_not_available", "t": "topic",
    "cmps": "components", "p": "platform", "stat_cla": "state_class", "pl_on": "payload_on", "pl_off": "payload_off",
    "mdl": "model", "mf": "manufacturer", "obj_id": "object_id", "json_attr_t": "json_attributes_topic",
}  # fmt: skip
"""Long names by short ones."""

SENSOR: dict[str, tuple[str, ...]] = {
    "temperature": ("air_temperature",), "humidity": ("relative_humidity",), "atmospheric_pressure": ("air_pressure",),
    "pressure": ("air_pressure",), "battery": ("battery_level",), "voltage": ("voltage",), "current": ("current",),
    "power": ("electric_power",), "energy": ("electric_energy",), "apparent_power": ("apparent_power",),
    "reactive_power": ("reactive_power",), "power_factor": ("power_factor",), "frequency": ("frequency",),
    "illuminance": ("illuminance",), "carbon_dioxide": ("co2",), "carbon_monoxide": ("co", "co_mass"), "pm1": ("pm1",),
    "pm25": ("pm2_5",), "pm4": ("pm4",), "pm10": ("pm10",), "volatile_organic_compounds_parts": ("tvoc",),
    "volatile_organic_compounds": ("tvoc",), "nitrogen_dioxide": ("no2_mass", "no2"), "ozone": ("o3_mass", "o3"),
    "nitrogen_monoxide": ("no_mass", "no"), "sulphur_dioxide": ("so2_mass", "so2"), "signal_strength": ("rssi",),
    "water": ("water_volume",), "gas": ("gas_volume",), "distance": ("distance",), "speed": ("speed",),
    "wind_speed": ("wind_speed",), "wind_direction": ("wind_direction",), "precipitation": ("precipitation",),
    "precipitation_intensity": ("precipitation_rate",), "irradiance": ("solar_irradiance",),
    "moisture": ("soil_moisture",), "sound_pressure": ("sound_level",), "weight": ("weight",),
    "aqi": ("air_quality_index",), "conductivity": ("soil_electrical_conductivity",), "ph": ("water_ph",),
    "volume_flow_rate": ("water_flow",), "reactive_energy": ("reactive_energy",),
}  # fmt: skip
"""Properties a sensor's class may be: the first whose unit fits."""

UNIT = {
    "Cel": "temperature", "K": "temperature", "[degF]": "temperature", "W": "electric_power", "kW": "electric_power",
    "kW.h": "electric_energy", "W.h": "electric_energy", "V": "voltage", "mV": "voltage", "A": "current",
    "mA": "current", "Hz": "frequency", "lx": "illuminance", "hPa": "air_pressure", "mbar": "air_pressure",
    "V.A": "apparent_power", "V.A{reactive}": "reactive_power", "dBm": "rssi", "W/m2": "solar_irradiance",
    "mm/h": "precipitation_rate", "[pH]": "water_ph",
}  # fmt: skip
"""Property of a sensor without a class, where its unit leaves one alone."""

BINARY = {
    "door": "contact_open", "window": "contact_open", "opening": "contact_open", "garage_door": "contact_open",
    "motion": "motion", "moving": "motion", "occupancy": "occupancy", "presence": "occupancy", "moisture": "water_leak",
    "smoke": "fire", "heat": "fire", "tamper": "tamper", "vibration": "vibration", "battery": "battery_low",
    "light": "light_detected", "problem": "alarm", "safety": "alarm", "gas": "alarm", "carbon_monoxide": "alarm",
    "power": "switch_on", "plug": "switch_on", "running": "switch_on",
}  # fmt: skip
"""Property of a binary sensor's class."""
