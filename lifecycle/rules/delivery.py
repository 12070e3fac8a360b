"""How well a product is delivered: the four measures of the DORA programme (DevOps Research and Assessment).

As defined in N. Forsgren, J. Humble, G. Kim, "Accelerate" (2018), chapter 2, and the yearly State of DevOps reports:

- deployment frequency: how often a change is deployed to production;
- lead time for changes: from a change being finished (committed) until it runs successfully in production;
- time to restore service: from the beginning of an incident or a defect that users notice until service is back;
- change failure rate: the share of changes to production that lead to degraded service and have to be remedied
  (rolled back, fixed forward, patched).

Here a deployment is a release at the moment it first reaches users; one that only ever ran in shadow is none. A
release has failed when it was rolled back or an incident names it; a release counts once, however often it failed.
Lengths of time are medians and 85th percentiles, never averages: one bad night would hide a good quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from lifecycle.rules.planning import MEDIAN, SAFE, percentile
from lifecycle.rules.releases import Move, ReleaseFact

WINDOW = timedelta(days=91)  # three months, as P14 asks
_DAYS_OF_MONTH = Decimal("30.4375")


@dataclass(frozen=True, slots=True)
class IncidentFact:
    """One incident as plain values. `release_id` None: it is not known which release led to it.

    `degrades` False: readings stopped coming, which is a reason to look and no failure of a change.
    """

    started_at: datetime
    detected_at: datetime | None = None
    restored_at: datetime | None = None
    release_id: int | None = None
    title: str = ""
    degrades: bool = True

    @property
    def noticed_at(self) -> datetime:
        """From when on there was something to look at: what begins unseen is no reason for a review yet."""
        return self.detected_at or self.started_at


@dataclass(frozen=True, slots=True)
class Length:
    """How long something took, over so many cases; None without any."""

    median: timedelta | None
    safe: timedelta | None  # 85 of 100 were at most this
    cases: int


@dataclass(frozen=True, slots=True)
class DeliveryMetrics:
    """The four measures over the window that ends at `until`."""

    since: datetime
    until: datetime
    deployments: int
    per_month: Decimal
    lead_time: Length
    restore: Length
    failed: int
    failure_rate: Fraction | None  # None without a deployment
    without_ready: int  # deployments that do not say when their change was finished
    unrestored: int  # failures that go on

    @property
    def failed_percent(self) -> Decimal | None:
        if self.failure_rate is None:
            return None
        share = Decimal(self.failure_rate.numerator) * 100 / Decimal(self.failure_rate.denominator)
        return share.quantize(Decimal(1), ROUND_HALF_UP)


def measure(
    releases: Sequence[ReleaseFact],
    incidents: Sequence[IncidentFact],
    until: datetime,
    window: timedelta = WINDOW,
) -> DeliveryMetrics:
    """Releases that first reached users in the window, and what was restored of troubles that began in it."""
    since = until - window
    incidents = [one for one in incidents if one.degrades]
    deployed = {
        each.id: (each, reached)
        for each in releases
        if (reached := each.reached_users_at) is not None and since < reached <= until
    }
    leads = [reached - each.ready_at for each, reached in deployed.values() if each.ready_at is not None]
    named = {incident.release_id for incident in incidents}
    failed = [key for key, (each, _) in deployed.items() if key in named or _rollback(each)]
    troubles = [(one.started_at, one.restored_at) for one in incidents if since < one.started_at <= until]
    troubles += _rollbacks(releases, named, since, until)
    return DeliveryMetrics(
        since=since,
        until=until,
        deployments=len(deployed),
        per_month=(len(deployed) * _DAYS_OF_MONTH / Decimal(window.days)).quantize(
            Decimal("0.1"), ROUND_HALF_UP
        ),
        lead_time=length([max(lead, timedelta()) for lead in leads]),
        restore=length([end - start for start, end in troubles if end is not None]),
        failed=len(failed),
        failure_rate=Fraction(len(failed), len(deployed)) if deployed else None,
        without_ready=len(deployed) - len(leads),
        unrestored=sum(end is None for _, end in troubles),
    )


def length(times: Sequence[timedelta]) -> Length:
    """To the second, by the nearest rank: a value that was really observed."""
    if not times:
        return Length(None, None, 0)
    seconds = [round(each.total_seconds()) for each in times]
    return Length(
        timedelta(seconds=percentile(seconds, MEDIAN)),
        timedelta(seconds=percentile(seconds, SAFE)),
        len(times),
    )


def _rollback(release: ReleaseFact) -> bool:
    return release.newest is not None and release.newest.move is Move.ROLLED_BACK


def _rollbacks(
    releases: Sequence[ReleaseFact], named: set[int | None], since: datetime, until: datetime
) -> list[tuple[datetime, datetime | None]]:
    """Troubles that a rollback ended and no incident tells of already."""
    found: list[tuple[datetime, datetime | None]] = []
    for each in releases:
        newest = each.newest
        if newest is None or newest.move is not Move.ROLLED_BACK or each.id in named:
            continue
        began = newest.began_at or newest.happened_at
        if since < began <= until:
            found.append((began, newest.happened_at))
    return found


# ---------------------------------------------------------------- as the answer to P14


def as_answer(metrics: DeliveryMetrics) -> dict[str, str]:
    """What was measured, as the worksheet takes it; parts that were not measured are left out."""
    found = {
        "deployments": str(metrics.per_month),
        "lead_time": _duration(metrics.lead_time.median),
        "restore": _duration(metrics.restore.median),
        "failure_rate": str(metrics.failed_percent) if metrics.failed_percent is not None else "",
    }
    return {part: said for part, said in found.items() if said}


def _duration(taken: timedelta | None) -> str:
    """In the largest unit of which it is at least two, to one decimal."""
    if taken is None:
        return ""
    seconds = Decimal(round(taken.total_seconds()))
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        amount = (seconds / size).quantize(Decimal("0.1"), ROUND_HALF_UP)
        if amount >= 2 or unit == "minutes":
            return f"{amount.normalize():f} {unit}"
    return ""
