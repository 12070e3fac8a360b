"""Readings on their way in: which are new, which are known already, and which cannot be taken.

A key names one reading of a monitor for good. The same key with the same value again changes nothing; with another
value it is refused, and with it the whole batch, so that a sender who mixed something up finds nothing half stored:
what a reading should have said is a correction of its own. A key that one batch repeats names its readings in their
order: the second 03:00 is `03:00 #2`, and the same value twice is one reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.errors import Invalid
from lifecycle.language import mark, say
from lifecycle.rules.moments import moments_of
from lifecycle.rules.triggers import LimitKind
from lifecycle.vocabulary import Blocker

LONGEST_KEY = 200
MOST_AT_ONCE = 200_000
NAMED = 20  # keys that a refusal names


@dataclass(frozen=True, slots=True)
class NewReading:
    """One reading as it comes. No value: it is missing. `limit` is its own limit, for monitors that ask for one.

    Without `at` its moment is what its key says, where all keys of the batch are dates or times; else its arrival.
    """

    key: str
    value: float | None
    limit: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A reading that was not stored: where it stands, and why."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """A reading that is stored: what it said, and what it was corrected to."""

    value: float | None
    limit: float | None
    corrected: float | None = None
    is_corrected: bool = False

    def says_the_same(self, reading: NewReading, kind: LimitKind) -> bool:
        if self.is_corrected and reading.value == self.corrected:
            return True
        return reading.value == self.value and (kind is not LimitKind.ROW or reading.limit == self.limit)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch, sorted out: what is new in its order, under its keys and with its moments, and what is not."""

    new: Sequence[tuple[str, NewReading]]
    moments: Sequence[datetime]
    unchanged: int
    conflicts: tuple[str, ...]


def numbered(readings: Iterable[NewReading]) -> tuple[list[tuple[str, NewReading]], int, list[Problem]]:
    """Every reading that can be taken under the key that it is stored under, how many were said twice, problems."""
    taken: list[tuple[str, NewReading]] = []
    problems: list[Problem] = []
    finite = math.isfinite
    first: dict[str, NewReading] = {}
    others: dict[
        str, list[tuple[float | None, float | None]]
    ] = {}  # keys that are repeated, with all they said
    repeated = 0
    for place, reading in enumerate(readings, 1):
        key = reading.key.strip()
        value, limit = reading.value, reading.limit
        is_fine = (value is None or finite(value)) and (limit is None or finite(limit))
        if not is_fine or not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            problems.append(Problem(key[:60] or say("Reading {place}", place=place), _problem(key, reading)))
            continue
        before = first.setdefault(key, reading)
        if before is reading:
            taken.append((key, reading))
            continue
        said = others.setdefault(key, [(before.value, before.limit)])
        if (value, limit) in said:
            repeated += 1
        else:
            said.append((value, limit))
            taken.append((f"{key} #{len(said)}", reading))
    return taken, repeated, problems


def _problem(key: str, reading: NewReading) -> str:
    """Why a reading cannot be taken."""
    if not key:
        return say("It has no key.")
    if len(key) > LONGEST_KEY:
        return say(
            "Its key is {length:,} characters long; at most {most} can be kept.",
            length=len(key),
            most=LONGEST_KEY,
        )
    if not key.isprintable():
        return say("Its key holds characters that cannot be seen.")
    if reading.value is not None and not math.isfinite(reading.value):
        return say("Its value is not a finite number.")
    return say("Its limit is not a finite number.")


def sort_out(
    readings: Sequence[tuple[str, NewReading]],
    known: Mapping[str, Known],
    kind: LimitKind,
    arrived_at: datetime,
) -> Sorted:
    """Compare a batch as `numbered` gives it with what is stored under its keys."""
    moments = None
    if any(reading.at is None for _, reading in readings):
        moments = moments_of([reading.key for _, reading in readings])
    if moments is not None and not known and all(reading.at is None for _, reading in readings):
        return Sorted(readings, moments, 0, ())
    new: list[tuple[str, NewReading]] = []
    new_moments: list[datetime] = []
    conflicts: list[str] = []
    unchanged = 0
    for index, (key, reading) in enumerate(readings):
        stored = known.get(key)
        if stored is None:
            new.append((key, reading))
            new_moments.append(reading.at or (moments[index] if moments else arrived_at))
        elif stored.says_the_same(reading, kind):
            unchanged += 1
        else:
            conflicts.append(key)
    return Sorted(new, new_moments, unchanged, tuple(conflicts))


def against_conflicts(conflicts: Sequence[str]) -> tuple[Blocker, ...]:
    """Why a batch cannot be taken: keys that are stored with another value."""
    if not conflicts:
        return ()
    rest = len(conflicts) - NAMED
    named = ", ".join(conflicts[:NAMED])
    if rest > 0:
        named = say("{named} and {rest:,} more", named=named, rest=rest)
    text = say(
        "Nothing was stored: {named} came before with another value. Correct a reading by "
        "itself, or take it out.",
        named=named,
    )
    return (Blocker("reading:conflict", text),)


def refuse_too_many(count: int) -> None:
    if count > MOST_AT_ONCE:
        raise Invalid(
            {
                mark("readings"): say(
                    "These are {count:,} readings; at most {most:,} can be pushed at once.",
                    count=count,
                    most=MOST_AT_ONCE,
                )
            }
        )
