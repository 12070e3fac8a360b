"""The portfolio at a glance: how many projects stand where, what is stuck, on whom and since when."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zlib import compress, decompress

from sqlalchemy import String, type_coerce
from sqlmodel import Session

from lifecycle.canonical import canonical_json
from lifecycle.facts.standing import words_of
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose
from lifecycle.queries.portfolio_lines import Lines
from lifecycle.rules.permissions import may
from lifecycle.store import tallies
from lifecycle.store.tallies import day_kept
from lifecycle.vocabulary import Actor, Level, ProjectStatus, Role, SignOffStatus, Stage


@dataclass(frozen=True, slots=True)
class StageCount:
    """Projects in one stage (None: unmapped), by status, and how many of them are assessed here."""

    stage: Stage | None
    by_status: Mapping[ProjectStatus, int]
    assessed: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class RoleWait:
    """One role at the current gates: how many projects wait for it, and which the longest."""

    role: Role
    projects: int
    since: datetime
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """The project that has been blocked longest."""

    key: str
    name: str
    since: datetime
    top_blocker: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What leadership sees first. Levels, waits and causes count running projects that are assessed here."""

    as_of: date
    total: int
    organisations: int
    stages: tuple[StageCount, ...]
    levels: Mapping[Level, int]
    waits: tuple[RoleWait, ...]  # the longest first
    causes: Mapping[str, int]  # an area or role to the number of projects it holds up
    stuck: Stuck | None
    not_assessed: int
    over: int  # assessed here, and stopped or retired
    stale: int = 0  # projects with a stale sign-off
    overdue: int = 0  # projects with something overdue

    @property
    def running(self) -> int:
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by, with counts."""

    organisations: Mapping[str, int] = field(default_factory=dict)
    assessed: int = 0
    not_assessed: int = 0


def choices(session: Session, *, by: Actor, as_of: date | None = None) -> Choices:
    """The organisations and origins among the projects this person may see."""
    line = choose(session, by, as_of=as_of)
    cells = figures(session, line, by, EVERYTHING).cells
    units: Counter[str] = Counter()
    for (unit, *_), number in cells.items():
        units[unit] += number
    assessed = sum(number for (*_, level), number in cells.items() if level)
    return Choices({unit: units[unit] for unit in sorted(units) if unit}, assessed, units.total() - assessed)


def overview(
    session: Session, *, by: Actor, today: date, filters: Filters = EVERYTHING, as_of: date | None = None
) -> Overview:
    """The figures over all projects that pass the filters.

    At the end of `as_of` where that is given; Overview.as_of says of which day they are.
    """
    line = choose(session, by, filters, as_of)
    return overview_of(session, line, figures(session, line, by, filters), as_of or today)


def overview_of(session: Session, line: Lines, found: Counted, as_of: date) -> Overview:
    """The figures of lines that were counted already."""
    by_stage: dict[str | None, Counter[tuple[str, bool]]] = defaultdict(Counter)
    by_level: Counter[str] = Counter()
    for (_, word, status, level), number in found.cells.items():
        by_stage[word][status, level is not None] += number
        if level and status not in OVER:
            by_level[level] += number
    stages = tuple(_stage(stage, by_stage[stage.value if stage else None]) for stage in (*Stage, None))
    total, assessed = sum(stage.total for stage in stages), sum(stage.assessed for stage in stages)
    levels = {level: by_level[level.value] for level in Level}
    return Overview(
        as_of=as_of,
        total=total,
        organisations=len({cell[0] for cell in found.cells if cell[0]}),
        stages=stages,
        levels=levels,
        waits=_waits(found),
        causes=_causes(found),
        stuck=_stuck(session, line, found),
        not_assessed=total - assessed,
        over=assessed - sum(levels.values()),
        stale=found.stale,
        overdue=found.overdue,
    )


# ------------------------------------------------------------------ one pass over the lines

Wait = tuple[str, str, int, str]  # since, name, id, key: the smallest is the longest wait
# Canonical JSON, so that these find exactly who said what, who is waited for since when, and what holds up. Moments
# are text of one length, whose order is that of time.
_SAID = re.compile(r'"(\w+":\["\w+)",')
_WAITING = re.compile(r'"(\w+)":\["waiting","([^"]+)"\]')
_CAUSE = re.compile(r'"(\w+)":')


@dataclass(slots=True)
class Counted:
    """What one pass over all lines counts: it is most of the cost of a large portfolio, so there is one only.

    `cells`: projects by organisation, stage, status and level; the rest counts running assessed ones. `said`: what
    roles say at the gate ahead, by organisation, role and status; `oldest` the longest wait of each of them.
    """

    cells: Counter[tuple[str, str | None, str, str | None]]
    said: Counter[tuple[str, str, str]]
    oldest: dict[tuple[str, str], Wait]
    causes: Counter[str]
    stuck: int | None  # whose id
    stale: int
    overdue: int


def figures(session: Session, line: Lines, by: Actor, filters: Filters) -> Counted:
    """What `counted` finds; from the tallies where all projects are asked for, by somebody who may see them all."""
    if filters == EVERYTHING and may("portfolio.read_all", by):
        if line.end is None:
            return tallied(session)
        if kept := day_kept(session, line.end):
            return unpacked(kept)
    return counted(session, line)


def counted(session: Session, line: Lines) -> Counted:
    """In one statement. What is counted is gathered first and counted at once: that is several times as fast.

    Moments stay as the database gives them, because reading each costs more than all else here.
    """
    c = line.c
    every = session.connection().execute(
        line.select(
            c.organisation, c.stage, c.status, c.level, c.id, c.name, c.key, c.roles, c.causes, c.stale, c.overdue,
            type_coerce(c.since, String),
        )
    ).all()  # fmt: skip
    running = [each for each in every if each[3] is not None and each[2] not in OVER]
    blocked = Level.BLOCKED.value
    stuck = min(((each[11], each[5], each[4]) for each in running if each[3] == blocked), default=None)
    return Counted(
        cells=Counter([tuple(each[:4]) for each in every]),
        said=_said(running),
        oldest=_oldest(running),
        causes=Counter(_CAUSE.findall("".join([each[8] for each in running]))),
        stuck=stuck[2] if stuck else None,
        stale=sum([each[9] > 0 for each in running]),
        overdue=sum([each[10] > 0 for each in running]),
    )


def _said(running: Sequence[Any]) -> Counter[tuple[str, str, str]]:
    by_unit: dict[str, list[str]] = defaultdict(list)
    for each in running:
        by_unit[each[0]].append(each[7] or "")
    found: Counter[tuple[str, str, str]] = Counter()
    for unit, texts in by_unit.items():
        for words, number in Counter(_SAID.findall("".join(texts))).items():
            role, _, status = words.partition('":["')
            found[unit, role, status] += number
    return found


def _oldest(running: Sequence[Any]) -> dict[tuple[str, str], Wait]:
    found: dict[tuple[str, str], Wait] = {}
    for each in running:
        for role, since in _WAITING.findall(each[7] or ""):
            place = (each[0], role)
            known = found.get(place)
            if known is None or since < known[0]:
                found[place] = (since, each[5], each[4], each[6])
            elif since == known[0]:
                found[place] = min(known, (since, each[5], each[4], each[6]))
    return found


# ------------------------------------------------------------------ the same from tallies


def tallied(session: Session) -> Counted:
    """All projects as they are now, without reading them."""
    numbers = tallies.tally_now(session)
    parts: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    for (kind, *words), number in zip(json.loads(f"[{','.join(numbers)}]"), numbers.values(), strict=True):
        parts[kind][tuple(words)] = number
    oldest: dict[tuple[str, str], Wait] = {}
    stuck = None
    for queue, since, name, project_id, key in tallies.longest_waits(session):
        if queue == tallies.BLOCKED:
            stuck = project_id
        else:
            unit, role = json.loads(queue)
            oldest[unit, role] = (since, name, project_id, key)
    return Counted(
        cells=Counter(parts[tallies.CELL]),  # type: ignore[arg-type]
        said=Counter(parts[tallies.SAID]),  # type: ignore[arg-type]
        oldest=oldest,
        causes=Counter({cause: number for (cause,), number in parts[tallies.CAUSE].items()}),
        stuck=stuck,
        stale=parts[tallies.STALE].get((), 0),
        overdue=parts[tallies.OVERDUE].get((), 0),
    )


def packed(found: Counted) -> str:
    """As text that is a tenth as long as it would be in plain words: there is one of every day."""
    plain = [
        [[*cell, number] for cell, number in found.cells.items()],
        [[*said, number] for said, number in found.said.items()],
        [[*place, *wait] for place, wait in found.oldest.items()],
        found.causes, found.stuck, found.stale, found.overdue,
    ]  # fmt: skip
    return b64encode(compress(canonical_json(plain).encode())).decode()


def unpacked(text: str) -> Counted:
    """What `packed` made a text of."""
    cells, said, oldest, causes, stuck, stale, overdue = json.loads(decompress(b64decode(text)))
    return Counted(
        cells=Counter({(unit, stage, status, level): number for unit, stage, status, level, number in cells}),
        said=Counter({(unit, role, status): number for unit, role, status, number in said}),
        oldest={
            (unit, role): (since, name, project, key) for unit, role, since, name, project, key in oldest
        },
        causes=Counter(causes),
        stuck=stuck,
        stale=stale,
        overdue=overdue,
    )


def _stage(stage: Stage | None, counts: Mapping[tuple[str, bool], int]) -> StageCount:
    by_status = dict.fromkeys(ProjectStatus, 0)
    for (status, _), number in counts.items():
        by_status[ProjectStatus(status)] += number
    return StageCount(stage, by_status, sum(number for (_, here), number in counts.items() if here))


def _waits(found: Counted) -> tuple[RoleWait, ...]:
    longest: dict[str, Wait] = {}
    for (_, role), wait in found.oldest.items():
        longest[role] = min(wait, longest.get(role, wait))
    counts: Counter[str] = Counter()
    for (_, role, status), number in found.said.items():
        counts[role] += number if status == SignOffStatus.WAITING.value else 0
    waits = [
        RoleWait(Role(role), counts[role], datetime.fromisoformat(since), key, name)
        for role, (since, name, _, key) in longest.items()
    ]
    return tuple(sorted(waits, key=lambda wait: (wait.since, wait.role.value)))


def _causes(found: Counted) -> dict[str, int]:
    return dict(sorted(found.causes.items(), key=lambda item: (-item[1], item[0])))


def _stuck(session: Session, line: Lines, found: Counted) -> Stuck | None:
    if found.stuck is None:
        return None
    c = line.c
    longest = session.execute(
        line.where(c.id == found.stuck).select(c.key, c.name, c.since, c.top_blocker, c.retold)
    ).one()
    return Stuck(longest.key, longest.name, longest.since, words_of(longest, "top_blocker"))
