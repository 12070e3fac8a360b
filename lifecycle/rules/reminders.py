"""When somebody is reminded, and when others are told that nothing happened: dates from dates, nothing else.

A review without a due date counts as due some days after it was asked. Each stage comes once; a stage that falls
on a weekend waits for Monday. Of several stages that have come at once for the same person only the last is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lifecycle.errors import Invalid
from lifecycle.language import mark, say
from lifecycle.rules.surroundings import AHEAD_DAYS

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """Days that an organisation sets, and the hour of its day from which dates are told."""

    due_after_days: int = 7  # a review without a due date
    before_due_days: int = 2
    manager_after_days: int = 3  # after the due date
    administrator_after_days: int = 10  # after the due date
    waiver_before_days: int = 7
    skip_weekends: bool = True
    hour: int = 8

    def as_json(self) -> dict[str, int | bool]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Due:
    """A stage that has come: the kind of the outbox it is told as."""

    kind: str
    on: date


def read_policy(stored: Mapping[str, object]) -> ReminderPolicy:
    """What the organisation has set, the defaults for the rest; names that are not known are left alone."""
    known = {item.name for item in fields(ReminderPolicy)}
    return ReminderPolicy(**{name: value for name, value in stored.items() if name in known})  # type: ignore[arg-type]


def check_policy(policy: ReminderPolicy) -> None:
    """Raises Invalid naming every number that makes no sense."""
    problems = {}
    for place, least, most in (
        (mark("due after days"), 1, 90),
        (mark("before due days"), 0, 30),
        (mark("manager after days"), 1, 90),
        (mark("administrator after days"), 1, 180),
        (mark("waiver before days"), 1, 90),
        (mark("hour"), 0, 23),
    ):
        value = getattr(policy, place.replace(" ", "_"))
        if not least <= value <= most:
            problems[place] = say("Choose a number from {least} to {most}.", least=least, most=most)
    if not problems and policy.administrator_after_days <= policy.manager_after_days:
        problems[mark("administrator after days")] = say(
            "An administrator is told later than the product manager."
        )
    if problems:
        raise Invalid(problems)


def review_due_on(requested_on: date, due_on: date | None, policy: ReminderPolicy) -> date:
    return due_on or requested_on + timedelta(days=policy.due_after_days)


def review_stages(
    requested_on: date, due_on: date | None, today: date, policy: ReminderPolicy
) -> tuple[Due, ...]:
    """The stages of an open review that have come by today, at most one for each who is told."""
    due = review_due_on(requested_on, due_on, policy)
    soon = due - timedelta(days=policy.before_due_days)
    stages = []
    if due < today:
        stages.append(("review.overdue", due + timedelta(days=1)))
    elif soon > requested_on:
        stages.append(("review.due_soon", soon))
    stages.append(("review.late_for_manager", due + timedelta(days=policy.manager_after_days)))
    stages.append(("review.late_for_administrator", due + timedelta(days=policy.administrator_after_days)))
    return tuple(_come(stages, today, policy))


def condition_stages(given_on: date, due_on: date, today: date, policy: ReminderPolicy) -> tuple[Due, ...]:
    """As for reviews; a condition that was given within the last days before it is due needs no reminder."""
    soon = due_on - timedelta(days=policy.before_due_days)
    if due_on < today:
        return tuple(_come([("condition.overdue", due_on + timedelta(days=1))], today, policy))
    return tuple(_come([("condition.due_soon", soon)] if soon > given_on else [], today, policy))


def waiver_stages(given_on: date, expires_on: date, today: date, policy: ReminderPolicy) -> tuple[Due, ...]:
    soon = expires_on - timedelta(days=policy.waiver_before_days)
    if expires_on < today or soon <= given_on:
        return ()
    return tuple(_come([("waiver.near_expiry", soon)], today, policy))


def date_stages(kind: str, on: date, today: date, policy: ReminderPolicy) -> tuple[tuple[int, Due], ...]:
    """For a day that an answer names: how many days before it, of the stages that have come, the last alone.

    An Operate review is announced a month ahead and told again once its day has come; what others end or change
    is announced as `rules.surroundings.AHEAD_DAYS` says, and not once it has happened.
    """
    stages = (30, 0) if kind == "operate_review.due" else AHEAD_DAYS
    if on < today and kind != "operate_review.due":
        return ()
    come = [
        (days, due) for days in stages for due in _come([(kind, on - timedelta(days=days))], today, policy)
    ]
    return tuple(come[-1:])


def _come(stages: list[tuple[str, date]], today: date, policy: ReminderPolicy) -> Iterator[Due]:
    for kind, on in stages:
        on = on if not policy.skip_weekends else after_weekend(on)
        if on <= today and not (policy.skip_weekends and today.weekday() >= SATURDAY):
            yield Due(kind, on)


def after_weekend(day: date) -> date:
    """Monday for a day of the weekend, else the day itself."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= SATURDAY else day


def is_hour(at: datetime, zone: ZoneInfo, hour: int) -> bool:
    """Whether the organisation's day has come to this hour."""
    return at.astimezone(zone).hour >= hour


def digest_moment(at: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """The last moment, `at` included, at which a digest of this hour was due; across clock changes too."""
    local = at.astimezone(zone)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    moment = today if today <= local else today - timedelta(days=1)
    return moment.astimezone(at.tzinfo)


def zone_of(name: str) -> ZoneInfo:
    """UTC where the zone is not known on this machine."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
