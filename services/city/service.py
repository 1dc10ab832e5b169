"""The city as JSON."""

from typing import Any

from citylab.instant import format_instant
from services.context import Context


class CityService:
    """Answers for the city."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def outline(self) -> dict[str, Any]:
        """Name, place, districts, zone (shape: `schema.CityOutline`)."""
        city = self._context.city
        return {
            "name": city.name,
            "label": city.label,
            "summary": city.summary,
            "fictional": city.fictional,
            "time_zone": city.time_zone,
            "languages": list(city.languages),
            "location": [city.longitude, city.latitude],
            "population": city.population,
            "area": city.area,
            "districts": [
                {
                    "name": district.name,
                    "label": district.label,
                    "population": district.population,
                    "area": district.area,
                    "polygon": [list(corner) for corner in district.polygon],
                }
                for district in city.districts
            ],
            "version": self._context.version,
            "time": format_instant(self._context.clock()),
        }
