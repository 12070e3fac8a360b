"""What an imported document says was decided elsewhere: shown as such, and never counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import Guide
from lifecycle.queries import projects
from lifecycle.queries.wording import NOT_PEOPLE, all_names
from lifecycle.store.tables import ElsewhereRecord
from lifecycle.vocabulary import Actor, Decision, Gate, Meaning, Outcome, Role, Stage, Verification


@dataclass(frozen=True, slots=True)
class ElsewhereSignature:
    """A signature record as the document has it, word for word."""

    printed_name: str
    role: Role
    gate: Gate
    on_behalf_of: str
    decision: Decision
    stated: Meaning | None
    statement: str
    at: datetime
    verified: Verification | None
    digest: str
    comment: str


@dataclass(frozen=True, slots=True)
class ElsewhereLine:
    """Anything else: what it is, the words, who and when."""

    what: str
    text: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Oldest first. `was` is the key that the project had there."""

    imported_at: datetime
    was: str
    signatures: tuple[ElsewhereSignature, ...]
    lines: tuple[ElsewhereLine, ...]


@by_its_guide
def recorded_elsewhere(session: Session, *, by: Actor, guide: Guide, key: str) -> Elsewhere | None:
    """None for a project that began here. Raises NotFound."""
    head = projects.head(session, key=key, by=by)
    return of_project(session, head.id, guide)


def of_project(session: Session, project_id: int, guide: Guide) -> Elsewhere | None:
    rows = list(
        session.execute(
            select(ElsewhereRecord)
            .where(col(ElsewhereRecord.project_id) == project_id)
            .order_by(col(ElsewhereRecord.id))
        ).scalars()
    )
    if not rows:
        return None
    told = _Told(guide, all_names(session) | NOT_PEOPLE)
    said = [(row.kind, json.loads(row.content)) for row in rows]
    lines = [line for kind, content in said if (line := told.line(kind, content))]
    return Elsewhere(
        imported_at=rows[0].at,
        was=next((content["key"] for kind, content in said if kind == "project"), ""),
        signatures=tuple(_signature(content) for kind, content in said if kind == "sign_off"),
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )


def _signature(said: Mapping[str, Any]) -> ElsewhereSignature:
    return ElsewhereSignature(
        printed_name=said["printed_name"],
        role=Role(said["role"]),
        gate=Gate(said["gate"]),
        on_behalf_of=said["on_behalf_of"],
        decision=Decision(said["decision"]),
        stated=Meaning(said["stated"]) if said["stated"] else None,
        statement=said["statement"],
        at=datetime.fromisoformat(said["at"]),
        verified=Verification(said["verified"]) if said["verified"] else None,
        digest=said["digest"],
        comment=said["comment"],
    )


@dataclass(frozen=True)
class _Told:
    guide: Guide
    names: Mapping[str, str]

    def line(self, kind: str, said: Mapping[str, Any]) -> ElsewhereLine | None:
        tell = _LINES.get(kind)
        if tell is None:
            return None
        what, text, who, at = tell(self, said)
        return ElsewhereLine(what, text, self.names.get(who, who), datetime.fromisoformat(at))

    def check(self, check_id: str) -> str:
        known = self.guide.checks_by_id.get(check_id)
        return f"{known.title} ({check_id})" if known else check_id

    def person(self, key: str) -> str:
        return self.names.get(key, key)

    def owner(self, owner: Mapping[str, Any]) -> str:
        return self.person(owner["person"]) if owner["person"] else str(owner["name"])


_Line = tuple[str, str, str, str]


def _outcome(told: _Told, said: Mapping[str, Any]) -> _Line:
    back = f" to {Stage(said['to_stage']).title}" if said["to_stage"] else ""
    text = f"{Outcome(said['outcome']).title}{back}" + (f": {said['reason']}" if said["reason"] else "")
    return f"{Gate(said['gate']).title} gate", text, said["by"], said["at"]


def _waiver(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = f"{told.check(said['check'])}, until {said['expires_on']}: {said['mitigation']}"
    return "Waiver", text, said["by"], said["at"]


def _reason(told: _Told, said: Mapping[str, Any]) -> _Line:
    return "Reason for a warning", f"{told.check(said['check'])}: {said['reason']}", said["by"], said["at"]


def _tier(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = f"Tier {said['tier']} where the points propose {said['proposed']}: {said['reason']}"
    return "Risk tier", f"{text} (approved by {told.owner(said['approver'])})", said["by"], said["at"]


def _member(told: _Told, said: Mapping[str, Any]) -> _Line:
    return (
        "Role",
        f"{told.person(said['person'])}: {Role(said['role']).title}",
        said["given_by"],
        said["since"],
    )


def _file(told: _Told, said: Mapping[str, Any]) -> _Line:
    newest = said["revisions"][-1]
    text = f"{said['title']}: {newest['file_name']}, SHA-256 {newest['digest']}"
    return "File kept elsewhere", text, newest["by"], newest["at"]


def _change(told: _Told, said: Mapping[str, Any]) -> _Line:
    return "Answer to a requested change", f"{said['key']}: {said['text']}", said["by"], said["at"]


_LINES: Mapping[str, Callable[[_Told, Mapping[str, Any]], _Line]] = {
    "gate_decision": _outcome,
    "waiver": _waiver,
    "warning_reason": _reason,
    "tier_choice": _tier,
    "member": _member,
    "evidence": _file,
    "change_answer": _change,
}
