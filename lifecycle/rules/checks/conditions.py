"""Conditions that may be unknown: True, False, or None for want of an answer; and their verdict."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import wraps
from typing import Any

from lifecycle.guide import ONLY
from lifecycle.rules.checks.reading import PASSES, Missing, Reading, Rule, Verdict, cannot_tell, fails


def applies(*field_ids: str) -> Callable[[Rule], Rule]:
    """A rule that passes as soon as one of these fields is answered with "not applicable"."""

    def narrow(function: Rule) -> Rule:
        @wraps(function)
        def narrowed(reading: Reading) -> Verdict:
            return function(reading) if reading.applies(*field_ids) else PASSES

        return narrowed

    return narrow


def need_all(reading: Reading, *places: tuple[str, str]) -> tuple[Any, ...]:
    """The values at these (field, part) places; where some are missing, cannot tell, naming all."""
    values = tuple(reading.value(field_id, part) for field_id, part in places)
    missing = [field_id for (field_id, _), value in zip(places, values, strict=True) if value is None]
    if missing:
        raise Missing(*dict.fromkeys(missing))
    return values


def holds(reading: Reading, field_id: str, part: str, test: Callable[[Any], bool]) -> bool | None:
    """What `test` says of the value; False where the field does not apply."""
    if reading.is_not_applicable(field_id):
        return False
    value = reading.value(field_id, part)
    return None if value is None else test(value)


def is_among(reading: Reading, field_id: str, part: str, choices: Container[str]) -> bool | None:
    return holds(reading, field_id, part, lambda value: value in choices)


def is_yes(reading: Reading, field_id: str, part: str = ONLY) -> bool | None:
    return holds(reading, field_id, part, lambda value: value is True)


def is_no(reading: Reading, field_id: str, part: str = ONLY) -> bool | None:
    return holds(reading, field_id, part, lambda value: value is False)


def lacks(reading: Reading, field_id: str, part: str = ONLY, none: str = "none") -> bool | None:
    """Whether there is no such thing: it does not apply, or is answered without this part or with `none`."""
    if not reading.is_known(field_id):
        return None
    return reading.value(field_id, part) in (None, none)


def lacks_rows(reading: Reading, field_id: str) -> bool | None:
    rows = reading.rows(field_id)
    return None if rows is None else not rows


def either(*conditions: bool | None) -> bool | None:
    """True as soon as one is; unknown while one of the others is."""
    if any(conditions):
        return True
    return None if None in conditions else False


def both(*conditions: bool | None) -> bool | None:
    """False as soon as one is; unknown while one of the others is."""
    if any(condition is False for condition in conditions):
        return False
    return None if None in conditions else True


def fails_when(conditions: Mapping[str, bool | None], **values: object) -> Verdict:
    """Fails when all hold, passes as soon as one does not, else cannot tell; the keys name the fields."""
    if any(condition is False for condition in conditions.values()):
        return PASSES
    missing = [field_id for field_id, condition in conditions.items() if condition is None]
    return cannot_tell(*missing) if missing else fails(values)
