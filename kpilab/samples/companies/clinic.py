"""A group of clinics: patients, doctors, appointments, shifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import (
    Company,
    Draw,
    Knob,
    Papers,
    Setting,
    book,
    column,
    repeated,
    some,
    uneven,
)
from kpilab.samples.companies.crowd import crowd, forwarded, happening, settled, visits, wandering
from kpilab.samples.companies.lever import SPARE, Lever, doubled, one, pulled, touched
from kpilab.samples.companies.span import busy

INSURERS = ("state", "private", "company", "self paid")
DISTRICTS = ("harbour", "old town", "hills", "riverside", "university", "airport")
AGES = ("0-17", "18-39", "40-64", "65+")
REFERRED = ("family doctor", "search", "friends", "employer")
FIELDS = ("dermatology", "cardiology", "orthopaedics", "eye care", "dentistry", "paediatrics")
SITES = ("centre", "north gate", "lakeside", "station", "park")
VIA = ("phone", "desk", "web form")
PATIENT = ("insurer", "district", "age_group", "referred_by")
ALL = ("booked_via", *PATIENT, "specialty", "site")
WHO = (*ALL, "patient_id")
KEPT = 0.86


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The clinics' tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    doctors = _doctors(rng)
    possible = _patients(rng, setting)
    patients = settled(possible, setting, levers)
    booked = _appointments(rng, setting, possible, patients, doctors, levers)
    shifts = _shifts(rng, setting, doctors, levers)
    booked = booked[booked["happens"]]
    booked = doubled(booked.assign(number=np.arange(1, len(booked) + 1)), levers)
    here = patients[patients["here"]]
    days = setting.days
    tables = {
        "appointments": pd.DataFrame(
            {
                "appointment_id": booked["number"].to_numpy(),
                "patient_id": booked["patient_id"].to_numpy(),
                "doctor_id": booked["doctor_id"].to_numpy(),
                "booked_on": days.dates((booked["day"] - booked["wait"]).to_numpy()),
                "visit_date": days.dates(booked["day"].to_numpy()),
                "booked_via": booked["booked_via"].to_numpy(),
                "status": booked["status"].to_numpy(),
                "fee": booked["fee"].to_numpy(),
            }
        ),
        "patients": pd.DataFrame(
            {
                "patient_id": here["patient_id"].to_numpy(),
                "registered_on": days.dates(here["joined"].to_numpy()),
                **{dim: here[dim].to_numpy() for dim in PATIENT},
            }
        ),
        "doctors": doctors[["doctor_id", "specialty", "site"]],
        "shifts": shifts,
    }
    joined = here[here["joined"] >= 0]
    joined = joined.assign(day=np.floor(joined["joined"]).astype(int))
    came = (booked["status"] == "kept").to_numpy(float)
    online = (booked["booked_via"] == "online").to_numpy(float)
    books = {
        "income": book(booked, WHO, booked["fee"].to_numpy() * came),
        "visits": book(booked, WHO, came),
        "bookings": book(booked, ALL, np.ones(len(booked))),
        "online_bookings": book(booked, ALL, online),
        "new_patients": book(joined, PATIENT, np.ones(len(joined))),
    }
    return Draw(tables, books)


def _doctors(rng: np.random.Generator) -> pd.DataFrame:
    fields, sites = some(rng, FIELDS, 4, 6), some(rng, SITES, 3, 5)
    n = int(rng.integers(3, 5)) * len(fields)
    frame = pd.DataFrame({"doctor_id": pd.Categorical([f"D{k:02d}" for k in range(n)])})
    frame["specialty"] = pd.Categorical(np.tile(fields, n // len(fields)), fields)
    frame["site"] = column(rng, sites, uneven(rng, len(sites), 0.3), n)
    field = rng.lognormal(4.3, 0.3, len(fields))
    frame["usual"] = np.tile(field, n // len(fields))
    return frame.assign(load=rng.lognormal(0, 0.35, n))


def _patients(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    places = some(rng, DISTRICTS, 3, 6)
    dims = {
        "insurer": (INSURERS, uneven(rng, 4, 0.4)),
        "district": (places, uneven(rng, len(places), 0.35)),
        "age_group": (AGES, uneven(rng, 4, 0.3)),
        "referred_by": (REFERRED, uneven(rng, 4, 0.3)),
    }
    life, rate = rng.uniform(250, 600), rng.uniform(1 / 90, 1 / 40)
    joins = setting.rows / setting.days.days / (1 + life * rate)
    people = crowd(rng, setting, joins=joins, life=life, dims=dims, source="referred_by")
    names = pd.Categorical([f"PT{k:06d}" for k in range(len(people))])
    return people.assign(rate=rate * people["rate"], patient_id=names)


def _appointments(
    rng: np.random.Generator,
    setting: Setting,
    possible: pd.DataFrame,
    patients: pd.DataFrame,
    doctors: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Possible appointments: with whom, how long ago they were booked, whether they are kept."""
    room = setting.spare("visit", SPARE)
    via = ("online", *some(rng, VIA, 1, 3))
    found = visits(rng, possible, busy(rng, setting.days, setting.course), room=room)
    who = repeated(patients, found["person"].to_numpy())
    frame = pd.concat([found, who[["patient_id", *PATIENT, "joined", "left", "here"]]], axis=1)
    n = len(frame)
    load = np.cumsum(doctors["load"].to_numpy())
    doctor = np.searchsorted(load[:-1], rng.random(n) * load[-1], side="right")
    frame = pd.concat([frame, repeated(doctors, doctor).drop(columns="load")], axis=1)
    frame["booked_via"] = column(rng, via, uneven(rng, len(via), 0.35), n)
    moves, shows, early = rng.random((3, n))
    wait, fee = rng.gamma(2.2, 3.2, n), rng.lognormal(0, 0.22, n)
    frame = forwarded(frame, levers, early)
    day = frame["day"].to_numpy()
    for lever in one(levers, "move"):
        rows = touched(lever, frame, day) & (moves > lever.factor)
        frame.loc[rows, "booked_via"] = lever.to
    frame["wait"] = np.round(wait * pulled(levers, "delay", frame, day)).astype(int)
    price = frame["usual"].to_numpy() * fee * pulled(levers, "price", frame, day)
    frame["fee"] = np.round(price, 2)
    came = shows < KEPT * pulled(levers, "show", frame, day)
    missed = np.where(shows > 0.95, "cancelled", "no show")
    frame["status"] = np.where(came, "kept", missed)
    free = wandering(rng, setting, frame, ("district", "specialty"))
    planted = pulled(levers, "visit", frame, day) * pulled(levers, "stock", frame, day)
    again = pulled(levers, "again", frame, frame["joined"].to_numpy())
    frame["happens"] = happening(frame, free, planted, again, room)
    return frame


def _shifts(
    rng: np.random.Generator, setting: Setting, doctors: pd.DataFrame, levers: Sequence[Lever]
) -> pd.DataFrame:
    """Places for visits that each doctor offered, by day, in the last two periods."""
    since, until = setting.days.baseline[0], setting.days.current[1]
    day = np.arange(since, until + 1)
    frame = repeated(doctors, np.tile(np.arange(len(doctors)), len(day)))
    frame["day"] = np.repeat(day, len(doctors))
    offered = rng.binomial(16, 0.92, len(frame))
    there = rng.random(len(frame)) < pulled(levers, "stock", frame, frame["day"].to_numpy())
    return pd.DataFrame(
        {
            "shift_date": setting.days.dates(frame["day"].to_numpy()),
            "doctor_id": frame["doctor_id"].to_numpy(),
            "slots_planned": 16,
            "slots_open": np.where(there, offered, 0),
        }
    )


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    patient = [f"patients.{dim}" for dim in PATIENT]
    doctor = ["doctors.specialty", "doctors.site"]
    tables = {
        "appointments": {
            "kind": "facts", "source": "appointments.csv", "time": "visit_date",
            "key": "appointment_id",
            "links": {"patient_id": "patients", "doctor_id": "doctors"},
            "dimensions": ["booked_via", *patient, *doctor],
            "columns": {"waiting": "date_diff('day', booked_on, visit_date)"},
        },
        "shifts": {
            "kind": "facts", "source": "shifts.csv", "time": "shift_date",
            "links": {"doctor_id": "doctors"}, "dimensions": doctor,
        },
        "patients": {
            "kind": "entities", "source": "patients.csv", "key": "patient_id",
            "time": "registered_on", "dimensions": list(PATIENT),
        },
        "doctors": {
            "kind": "entities", "source": "doctors.csv", "key": "doctor_id",
            "dimensions": ["specialty", "site"],
        },
    }  # fmt: skip
    came = "filter (where status = 'kept')"
    ours = {"table": "appointments"}
    metrics = {
        "income": {**ours, "measure": f"sum(fee) {came}"},
        "visits": {**ours, "measure": f"count(*) {came}"},
        "bookings": {**ours, "measure": "count(*)"},
        "online_bookings": {**ours, "measure": "count(*) filter (where booked_via = 'online')"},
        "kept_rate": {**ours, "numerator": f"count(*) {came}", "denominator": "count(*)"},
        "waiting_days": {
            **ours, "numerator": "sum(waiting)", "denominator": "count(*)", "better": "down",
        },
        "slots_open": {
            "table": "shifts", "numerator": "sum(slots_open)", "denominator": "sum(slots_planned)",
        },
        "new_patients": {"table": "patients", "measure": "count(*)"},
    }  # fmt: skip
    return Papers(tables, metrics, "patients")


GOALS, NEW, BOOKED = ("income", "visits"), ("new_patients",), ("bookings",)
LOST = ("local_regression", "driver_decline", "untracked_leak")
FEWER = ("volume_decline", *LOST)
CHURN = ("retention_decline", "churn", "local_regression", "volume_decline", "driver_decline")
SHORT = ("stockout", "volume_decline", *LOST)
LATE = ("delay", "retention_decline", "volume_decline", "local_regression", "driver_decline")
CHEAP = ("price_erosion", "discount", *LOST)
FEW = ("acquisition_decline", "volume_decline", "local_regression", "driver_decline")
POOR = ("acquisition_quality", "mix_shift", "wrong_kpi")
MOVED = ("cannibalisation", "wrong_kpi", "mix_shift", "volume_decline")
EARLY = ("pull_forward", "wrong_kpi", "driver_decline", "untracked_leak", "volume_decline")
KNOBS = {
    "join": Knob("join", PATIENT, NEW, ("bookings", "visits"), FEW, harsh=2),
    "again": Knob("again", ("referred_by",), GOALS, NEW, POOR),
    "move": Knob("move", ("booked_via", "online"), GOALS, ("online_bookings",), MOVED),
    "forward": Knob("forward", (), GOALS, NEW, EARLY),
    "volume": Knob("visit", ALL, GOALS, NEW, FEWER, rises=True),
    "ratio": Knob("show", ALL, GOALS, (*BOOKED, *NEW), LOST, seen="visits", least=0.4),
    "price": Knob("price", ALL, GOALS[:1], (*BOOKED, *NEW), CHEAP, least=0.6, most=0.88),
    "leave": Knob("leave", PATIENT, GOALS, NEW, CHURN, 0.66, 0.15, 0.8, heads="patient_id"),
    "stock": Knob("stock", ("specialty", "site"), GOALS, NEW, SHORT, least=0.3, most=0.75),
    "delay": Knob("visit", ("site", "specialty"), GOALS, NEW, LATE, 0.85, 0.25, 0.85),
}
LOADED = (*GOALS, *BOOKED, "online_bookings")
CLINIC = Company(
    "clinic", "a group of clinics", simulate, papers, KNOBS, loaded=LOADED, flow="visit"
)
