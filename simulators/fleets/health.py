"""Health: vaccine fridges, clinics, ambulances."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from simulators.clinic import clinics_of
from simulators.fleet import BATTERY, Column, Device, Fleet, Happening, Output, whole_days
from simulators.fleets.vehicle import there_and_back
from simulators.fridge import two_days
from simulators.geometry import make_lines
from simulators.models import health
from simulators.naming import serial
from simulators.recent import Recent
from simulators.site import Site, sites
from simulators.span import CHUNK, DAY_US, SLOTS, Bool, rows_of
from simulators.world import World

FRIDGES = (
    # type, hold-over at 43 Cel [h], scatter of the thermostat [K], warmest room in which it keeps 5 Cel [Cel]
    ("purpose_built", 20.0, 0.35, 43.0),
    ("stand_alone_household", 2.2, 0.8, 38.0),
    ("combined_household", 1.4, 1.3, 32.0),
)
"""Kinds of fridges in clinics. Ice-lined ones keep to WHO/PQS/E003 (20 h or more, hot zone), household ones to the
subtropical and the normal climate class of IEC 62552-1. The hold-over of the latter is ours: two to three hours from 5
to 8 Cel in a room of 22 Cel."""


HEATED = 16.0
"""Clinics are heated where it is colder outside [Cel]; ours."""


class VaccineFridge(Fleet):
    """Vaccine fridges of clinics: 2 to 8 Cel are safe."""

    kind = "vaccine_fridge"
    sector = "health"
    profile = "sim_vaccine_fridge"
    outputs = (Output("temperature", noise=0.08, step=0.01), Output("contact_open", mode="hold"), BATTERY)
    battery = 2400.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        places = sites(self.world.city, self.draw, self.number)
        self.clinics = clinics_of(self.world, places)
        self.feeder, self.generator = self.clinics.feeder, self.clinics.generator
        u = self.draw.uniform("type", self.index)
        self.type = np.where(u < 0.4, 0, np.where(u < 0.75, 1, 2))
        self.cold_prone = self.draw.uniform("cold", self.index) < 0.38
        names = self.world.grid.names
        return [
            Device(f"vaccine fridge {s.district} {i + 1}", s,
                   {"fridge_type": FRIDGES[self.type[i]][0], "clinic": self.clinics.names[i],
                    "feeder": names[self.feeder[i]], "generator": bool(self.generator[i])},
                   f"Vaccine fridge {s.district} {i + 1}")
            for i, s in enumerate(places)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        surrounding = self.world.surrounding
        room = two_days(surrounding, day, 0.35, 2.5, HEATED)[:, None] * np.ones(self.number)
        powered = self.world.grid.two_days(day)[:, self.feeder]
        names = self.clinics.places
        backed = self.generator | given(self.world, "generators", day, names)
        left = self.draw.uniform("replaced", self.index) < share_left(self.world, "fridges", day, names)
        type_ = np.where(left, self.type, 0)
        _, holdover, scatter, warmest = (np.array(column) for column in zip(*FRIDGES, strict=True))
        hold, reach = health.warming_constant(holdover)[type_], (warmest - 5.0)[type_]
        scatter, cold_prone = scatter[type_], self.cold_prone & (type_ > 0)
        setpoint = 4.6 + scatter * self.draw.normal("thermostat", self.index)
        powered = np.where(backed, np.maximum(powered, 0.9), powered).astype(np.float64)
        slot = np.arange((day - 1) * SLOTS, (day + 1) * SLOTS)[:, None]
        hour = np.tile(np.arange(SLOTS) / 4.0, 2)[:, None]
        open_ = (hour > 7.0) & (hour < 17.0) & (self.draw.uniform("door", slot, self.index[None, :]) < 0.1)
        set_ = setpoint + 0.45 * scatter * self.draw.normal("cycle", slot // 8, self.index[None, :])
        day_of_slot = slot // SLOTS
        frost = cold_prone & (self.draw.uniform("frost", day_of_slot, self.index[None, :]) < 0.015) & (hour < 4.0)
        set_ = set_ - 6.5 * frost  # a thermostat that sticks freezes the evaporator side for some hours
        opened = open_.astype(np.float64) * 0.1
        temperature = np.empty_like(room)
        state = setpoint.copy()
        for k in range(0, len(room), 8):
            part = slice(k, k + 8)
            temperature[part] = health.fridge_temperature(
                state, room[part], powered[part], opened[part], set_[k].astype(np.float64), hold, reach, 0.25
            )
            state = temperature[k + 7]
        return temperature[SLOTS:], open_[SLOTS:].astype(np.float64)


def share_left(world: World, driver: str, day: int, names: Sequence[tuple[str, ...]]) -> Float64:
    """Factor of a driver on a day at places that go by some names, float64[n]."""
    noon = np.array([world.surrounding.span.start_of(day) + DAY_US // 2])
    return np.broadcast_to(world.influence.factors(driver, noon, names)[0], len(names))


def given(world: World, driver: str, day: int, names: Sequence[tuple[str, ...]]) -> Bool:
    """Where an intervention gives something on a day, bool[n]."""
    return share_left(world, driver, day, names) > 1.0


class ClinicCounter(Fleet):
    """People in clinics and the time they wait."""

    kind = "clinic_counter"
    sector = "health"
    profile = "clinic_counter"
    outputs = (
        Output("people_present", mode="hold", step=1.0, low=0.0),
        Output("waiting_time", mode="hold", noise=0.05, relative=True, step=0.1, low=0.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.size = 0.6 + 0.8 * self.draw.uniform("size", self.index)
        places = sites(self.world.city, self.draw, self.number)
        self.clinics = clinics_of(self.world, places)
        self.feeder, self.generator = self.clinics.feeder, self.clinics.generator
        names = self.world.grid.names
        return [
            Device(f"clinic-{serial(self.draw, i)}", s,
                   {"clinic": self.clinics.names[i], "feeder": names[self.feeder[i]],
                    "generator": bool(self.generator[i])}, f"Clinic {s.district}")
            for i, s in enumerate(places)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        section, surrounding = self.world.section.health, self.world.surrounding
        weather = surrounding.day(day)
        row = day % CHUNK
        before = surrounding.chunk(day // CHUNK - 1).days.working
        working = health.visits_of_day(np.concatenate([before, weather.days.working])[: CHUNK + row + 1])
        heat = 1.0 + 0.03 * max(0.0, float(weather.day_maximum[row]) - 30.0)
        times = weather.times[rows_of(day)]
        ill = self.world.influence.factors("patients", times, self.clinics.places)
        patients = section.visits * self.size * working * heat * ill
        hour = weather.of_day(weather.hour, day)
        shape = health.clinic_arrivals(hour)[:, None]
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        vary = np.exp(0.3 * self.draw.normal("arrivals", slot, self.index[None, :]))
        arrivals = patients * shape * vary
        open_ = ((hour >= 7.0) & (hour < 19.0))[:, None]
        powered = self.world.grid.chunk(day // CHUNK).powered[rows_of(day)][:, self.feeder]
        names = self.clinics.places
        lit = np.maximum(powered, self.generator | given(self.world, "generators", day, names))
        per_slot = section.servers * self.size * 15.0 / section.consultation
        capacity = per_slot * open_ * (0.55 + 0.45 * lit)
        waiting = health.queue(arrivals, capacity)
        minutes = np.where(arrivals + waiting > 0.3, waiting / np.maximum(per_slot, 0.1) * 15.0 + 4.0, 0.0)
        seen = np.minimum(arrivals * 1.0, per_slot)
        return np.where(open_, waiting + seen, 0.0), np.where(open_, minutes, 0.0)


class Ambulance(Fleet):
    """Ambulances: where they are, and one response time a call."""

    kind = "ambulance"
    sector = "health"
    profile = "ambulance"
    outputs = (Output("position"), Output("response_time", mode="event", step=0.1))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self._calls: Recent[tuple[Int64, Int64, Float64]] = Recent(self._called, 3)
        self.tracks = make_lines(self.world.city, self.draw, "track", max(4, len(self.world.city.districts)))
        base = self.world.city.districts[0].name
        return [
            Device(f"ambulance-{serial(self.draw, i)}",
                   Site(float(self.tracks[0].points[0, 0]), float(self.tracks[0].points[0, 1]), base))
            for i in range(self.number)
        ]  # fmt: skip

    def _called(self, day: int) -> tuple[Int64, Int64, Float64]:
        """Device, time of the day [us] and response time [min] of each call."""
        most = 10
        order, index = np.arange(most)[:, None], self.index[None, :]
        count = (3.0 + 4.0 * self.draw.uniform("calls", np.int64(day), self.index)).astype(np.int64)
        hour = health.hour_of_call(self.draw.uniform("hour", np.int64(day), order, index))
        congestion = self.world.roads.congestion(day // CHUNK)[rows_of(day)]
        slot = (hour * 4.0).astype(np.int64)
        median = self.world.section.health.response
        minutes = health.response_time(median, congestion[slot], self.draw.normal("way", np.int64(day), order, index))
        row, device = np.nonzero(order < count)
        time = (hour[row, device] / 24.0 * DAY_US).astype(np.int64) // 1_000_000 * 1_000_000
        return device.astype(np.int64), time, np.round(minutes[row, device], 1)

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        today, yesterday = self._calls(day), self._calls(day - 1)
        device = np.concatenate([yesterday[0], today[0]])
        time = np.concatenate([yesterday[1] - DAY_US, today[1]])  # a trip may cross midnight
        home = complex(*self.tracks[0].points[0])
        place = np.empty((SLOTS, self.number), dtype=np.complex128)
        clock = np.arange(SLOTS) * (DAY_US // SLOTS)
        for i in range(self.number):
            away = np.zeros(SLOTS)
            for call in time[device == i]:
                trip = (clock - call) / 3.6e9
                away = np.where((trip >= 0.0) & (trip < 1.0), there_and_back(np.clip(trip, 0.0, 1.0)), away)
            track = self.tracks[i % len(self.tracks)]
            start = complex(*track.points[0])
            place[:, i] = track.along(away) + (home - start) * (1.0 - away)  # every trip begins and ends at the base
        return (place,)

    def happenings(self, start: int, end: int) -> list[Happening]:
        """Readings outside the rhythm."""
        span = self.world.surrounding.span
        found = []
        for day in whole_days(start, end, span.offset):
            device, time, minutes = self._calls(day)
            when = span.start_of(day) + time + (minutes * 60.0).astype(np.int64) * 1_000_000
            keep = (when >= start) & (when < end)
            found.append(Happening(1, device[keep], when[keep], minutes[keep]))
        return found
