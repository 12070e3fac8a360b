"""The model inventory: one row per project with what model-risk guidelines ask of such a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import facts_of, guides_of
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.queries.portfolio import EVERYTHING, Filters, choose
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.checks.origin import model_is_bought
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.store.tables import GateDecision, Project, ProjectStanding, RegisterEntry
from lifecycle.vocabulary import Actor, Gate, Level, Outcome, ProjectStatus, Role, Stage

_AT_ONCE = 200  # projects in memory
_GOES = (Outcome.GO.value, Outcome.GO_WITH_CONDITIONS.value)


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One project. What nobody has answered is empty; of a project from a register only its own words are known."""

    id: str
    name: str
    description: str
    rating: str
    owner: str
    developer: str
    origin: str
    version: str
    live_on: date | None
    reviewer: str
    approver: str
    dependencies: str
    data_sources: str
    approved_uses: str
    limitations: str
    last_review: date | None
    monitoring: str
    next_review: date | None
    stage: str
    readiness: str
    status: str
    organisation: str


def inventory(
    session: Session, *, by: Actor, at: datetime, guide: Guide, filters: Filters = EVERYTHING
) -> tuple[InventoryRow, ...]:
    """Every project that this person may read and that is not archived, by name: in English, as its headings are."""
    with speaking(ENGLISH):
        return _in_english(session, by, at, guide.as_written, filters)


def _in_english(
    session: Session, by: Actor, at: datetime, guide: Guide, filters: Filters
) -> tuple[InventoryRow, ...]:
    line = choose(session, by, filters)
    found = session.execute(
        select(Project, ProjectStanding, RegisterEntry)
        .outerjoin(ProjectStanding, col(ProjectStanding.project_id) == col(Project.id))
        .outerjoin(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .where(col(Project.id).in_(line.select(line.c.id)))
        .order_by(col(Project.name), col(Project.id))
    ).all()
    names, today = all_names(session), organisation_today(session, at)
    rows: list[InventoryRow] = []
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        assessed = [project.id for project, standing, _ in some if standing is not None]
        guides = guides_of(session, guide, assessed)
        facts = facts_of(session, assessed, today=today, guide=guide)
        decided = _decided(session, assessed)
        for project, standing, entry in some:
            if project.id in facts:
                wording = Wording(facts[project.id], guides[project.id], names)
                rows.append(_assessed(project, standing, wording, decided.get(project.id, ())))
            else:
                rows.append(_listed(project, entry))
    return tuple(rows)


def _decided(session: Session, project_ids: Sequence[int]) -> Mapping[int, tuple[GateDecision, ...]]:
    """The decisions to go on at Launch and Operate, oldest first."""
    found: dict[int, tuple[GateDecision, ...]] = {}
    rows = session.execute(
        select(GateDecision)
        .where(
            col(GateDecision.project_id).in_(project_ids),
            col(GateDecision.gate).in_((Gate.LAUNCH.value, Gate.OPERATE.value)),
            col(GateDecision.outcome).in_(_GOES),
        )
        .order_by(col(GateDecision.id))
    ).scalars()
    for row in rows if project_ids else ():
        found[row.project_id] = (*found.get(row.project_id, ()), row)
    return found


def _listed(project: Project, entry: RegisterEntry | None) -> InventoryRow:
    nothing = dict.fromkeys(
        ("owner", "developer", "origin", "version", "reviewer", "approver", "dependencies", "data_sources"),
        "",
    )
    return InventoryRow(
        **_of_project(project),
        **nothing,
        rating=say("{risk} (register's word)", risk=entry.risk) if entry and entry.risk else "",
        live_on=None,
        approved_uses="",
        limitations="",
        last_review=None,
        monitoring="",
        next_review=None,
        readiness=say("Not assessed here"),
    )


def _assessed(
    project: Project, standing: ProjectStanding, wording: Wording, decided: tuple[GateDecision, ...]
) -> InventoryRow:
    facts, reading = wording.facts, Reading(wording.facts, wording.guide)
    said = _Said(wording, reading)
    launched = [row for row in decided if row.gate == Gate.LAUNCH.value]
    operated = [row for row in decided if row.gate == Gate.OPERATE.value]
    tier = facts.tier
    return InventoryRow(
        **_of_project(project, said.words("D03")),
        rating=say("Tier {tier}", tier=tier) if tier else "",
        owner=said.holders(Role.BUSINESS) or said.holders(Role.PRODUCT_MANAGER),
        developer=said.people("M15", "part", "developer"),
        origin=_origin(model_is_bought(reading)),
        version=said.text("P01", "version") or said.text("M02", "model"),
        live_on=said.day("P01", "live_on") or facts.live_since,
        reviewer=_validator(wording) or said.people("M15", "part", "validator"),
        approver=launched[-1].printed_name if launched else said.text("P01", "approver"),
        dependencies=_joined(
            (*said.each("D21", "name"), *said.each("D22", "name"), *said.each("M11", "part"))
        ),
        data_sources=_joined(source.name for source in facts.sources),
        approved_uses=_joined(said.each("R20", "use", approved="approved")),
        limitations=_joined(
            (
                *said.each("M10", "limit"),
                *said.each("M19", "limit"),
                *(say("Not for: {use}", use=use) for use in said.each("R20", "use", approved="not_for")),
            )
        ),
        last_review=said.day("P08", "last") or (operated[-1].at.date() if operated else None),
        monitoring=_monitoring(reading.rows("P02")),
        next_review=said.day("P08", "next"),
        readiness=Level(standing.level).title,
    )


def _of_project(project: Project, decision: str = "") -> dict[str, Any]:
    stage = Stage(project.stage).title if project.stage else say("Not placed yet")
    return {
        "id": project.key,
        "name": project.name,
        "description": project.purpose or decision,
        "stage": stage,
        "status": _capital(ProjectStatus(project.status).word),
        "organisation": project.organisation.strip(),
    }


@dataclass(frozen=True, slots=True)
class _Said:
    """Answers as plain text and days; empty where there is none."""

    wording: Wording
    reading: Reading

    def words(self, field_id: str) -> str:
        fact = self.wording.facts.answer(field_id)
        return self.wording.answer(field_id, fact) if fact and self.reading.is_answered(field_id) else ""

    def text(self, field_id: str, part: str) -> str:
        value = self.reading.value(field_id, part)
        return str(value) if value is not None else ""

    def day(self, field_id: str, part: str) -> date | None:
        value = self.reading.value(field_id, part)
        return value if isinstance(value, date) else None

    def each(self, field_id: str, column: str, **only: str) -> Iterator[str]:
        for row in self.reading.rows(field_id) or ():
            if row.get(column) and all(row.get(name) == word for name, word in only.items()):
                yield str(row[column])

    def people(self, field_id: str, column: str, word: str) -> str:
        return _joined(self.each(field_id, "person", **{column: word}))

    def holders(self, role: Role) -> str:
        return _joined(member.name for member in self.wording.facts.members if member.role is role)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _origin(bought: bool | None) -> str:
    if bought is None:
        return ""
    return say("Vendor or third party") if bought else say("Own development")


def _validator(wording: Wording) -> str:
    """Who signed as model validation, at the latest gate where that holds."""
    for gate in reversed(Gate):
        state = sign_off_status(wording.facts, wording.guide, gate, Role.VALIDATION)
        if state.is_valid and state.sign_off:
            return state.sign_off.printed_name
    return ""


def _monitoring(rows: Sequence[Mapping[str, Any]] | None) -> str:
    if rows is None:
        return ""
    if not rows:
        return say("No monitor runs")
    running = sum(row.get("running") is True for row in rows)
    return say("{running} of {count} monitors running", running=running, count=len(rows))
