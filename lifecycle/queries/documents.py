"""A project as one whole document, for whoever may export it; and what the guide says of one that is not stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from lifecycle.facts.document_parts import ProjectDocument
from lifecycle.facts.documents import facts_of, read_document
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.queries import projects
from lifecycle.rules.checks.evaluation import CheckState, Judgement, judge_all, states_at
from lifecycle.rules.permissions import require
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import Actor, CheckResult, Gate


@by_its_guide
def document(session: Session, *, by: Actor, guide: Guide, key: str) -> ProjectDocument:
    """Raises NotFound for whoever may not read the project, Forbidden for whoever may not export it."""
    head = projects.head(session, key=key, by=by)
    require("projects.export", by, project_roles(session, head.id, by.key))
    return read_document(session, head.id, guide=guide)


@dataclass(frozen=True, slots=True)
class Findings:
    """The checks that do not pass, by gate: those that hold at it. Advice before its first gate is left out."""

    project: str
    name: str
    guide_version: str
    gate: Gate | None
    by_gate: Mapping[Gate, tuple[CheckState, ...]]

    def as_json(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "name": self.name,
            "guide": self.guide_version,
            "gate": self.gate.value if self.gate else None,
            "gates": [
                {
                    "gate": gate.value,
                    "fails": _count(states, CheckResult.FAILS),
                    "cannot_tell": _count(states, CheckResult.CANNOT_TELL),
                    "checks": [_as_json(state) for state in states],
                }
                for gate, states in self.by_gate.items()
            ],
        }


@by_its_guide
def check_stored(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Findings:
    """Raises NotFound for a project that does not exist or that this actor may not read."""
    head = projects.head(session, key=key, by=by)
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    return _findings(head.key, head.name, guide, known.facts, known.basis.judgements)


def check_document(session: Session, *, at: datetime, guide: Guide, document: ProjectDocument) -> Findings:
    """As `check_stored` would say once it were imported; nothing is stored. The session gives the day alone."""
    facts = facts_of(document, guide=guide, today=organisation_today(session, at))
    return _findings(document.project.key, document.project.name, guide, facts, judge_all(facts, guide))


def _findings(
    key: str, name: str, guide: Guide, facts: ProjectFacts, judgements: tuple[Judgement, ...]
) -> Findings:
    by_gate = {gate: tuple(_standing_out(states_at(judgements, facts, gate))) for gate in Gate}
    return Findings(key, name, guide.version, facts.gate, by_gate)


def _standing_out(states: Iterable[CheckState]) -> Iterator[CheckState]:
    return (state for state in states if state.enforced and state.result is not CheckResult.PASSES)


def _count(states: Iterable[CheckState], result: CheckResult) -> int:
    return sum(state.result is result for state in states)


def _as_json(state: CheckState) -> dict[str, Any]:
    return {
        "check": state.check_id,
        "branch": state.branch,
        "title": state.title,
        "result": state.result.value,
        "severity": state.severity.value if state.severity else None,
        "messages": list(state.messages),
        "missing": list(state.missing),
        "fields": list(state.fields),
        "settled": state.is_settled,
    }
