"""What an imported document says was decided elsewhere: shown as such, and never counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.documents import INCIDENT, MONITOR
from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.wording import NOT_PEOPLE, all_names
from lifecycle.rules.releases import Move
from lifecycle.store.tables import ElsewhereRecord, Monitor
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
    """Oldest first. `was` is the key that the project had there; `paused` are monitors that were on there and wait."""

    imported_at: datetime
    was: str
    signatures: tuple[ElsewhereSignature, ...]
    lines: tuple[ElsewhereLine, ...]
    paused: tuple[str, ...] = ()


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
    lines += _signed_fixes(said, told)
    return Elsewhere(
        imported_at=rows[0].at,
        was=next((content["key"] for kind, content in said if kind == "project"), ""),
        signatures=tuple(_signature(content) for kind, content in said if kind == "sign_off"),
        lines=tuple(sorted(lines, key=lambda line: line.at)),
        paused=_paused(session, project_id, rows),
    )


def _signed_fixes(said: Iterable[tuple[str, Mapping[str, Any]]], told: _Told) -> Iterator[ElsewhereLine]:
    for kind, content in said:
        if kind == INCIDENT and content["signed_by"] and content["signed_at"]:
            at = datetime.fromisoformat(content["signed_at"])
            yield ElsewhereLine(say("Signed fix"), content["title"], told.person(content["signed_by"]), at)


def _paused(session: Session, project_id: int, rows: Iterable[ElsewhereRecord]) -> tuple[str, ...]:
    came = [row.number for row in rows if row.kind == MONITOR]
    still = (col(Monitor.id).in_(came), col(Monitor.project_id) == project_id, col(Monitor.state) == "paused")
    return tuple(session.execute(select(col(Monitor.name)).where(*still).order_by(col(Monitor.id))).scalars())


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
    text = say(
        "{check}, until {said}: {said_2}",
        check=told.check(said["check"]),
        said=said["expires_on"],
        said_2=said["mitigation"],
    )
    return say("Waiver"), text, said["by"], said["at"]


def _reason(told: _Told, said: Mapping[str, Any]) -> _Line:
    return (
        say("Reason for a warning"),
        f"{told.check(said['check'])}: {said['reason']}",
        said["by"],
        said["at"],
    )


def _tier(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say(
        "Tier {said} where the points propose {said_2}: {said_3}",
        said=said["tier"],
        said_2=said["proposed"],
        said_3=said["reason"],
    )
    return (
        say("Risk tier"),
        say("{text} (approved by {owner})", text=text, owner=told.owner(said["approver"])),
        said["by"],
        said["at"],
    )


def _member(told: _Told, said: Mapping[str, Any]) -> _Line:
    return (
        say("Role"),
        f"{told.person(said['person'])}: {Role(said['role']).title}",
        said["given_by"],
        said["since"],
    )


def _file(told: _Told, said: Mapping[str, Any]) -> _Line:
    newest = said["revisions"][-1]
    text = say(
        "{said}: {newest}, SHA-256 {newest_2}",
        said=said["title"],
        newest=newest["file_name"],
        newest_2=newest["digest"],
    )
    return say("File kept elsewhere"), text, newest["by"], newest["at"]


def _change(told: _Told, said: Mapping[str, Any]) -> _Line:
    return say("Answer to a requested change"), f"{said['key']}: {said['text']}", said["by"], said["at"]


def _shared(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say(
        "{said}, taken from “{said_2}” ({said_3})",
        said=said["source_key"],
        said_2=said["project_name"],
        said_3=said["project"],
    )
    return say("Data source of another project"), text, said["by"], said["at"]


def _release(told: _Told, said: Mapping[str, Any]) -> _Line:
    steps = ", then ".join(
        Move(step["move"]).label.lower() + (f" {step['share']} %" if step["share"] is not None else "")
        for step in said["steps"]
    )
    parts = [f"version {said['model_version']}", said["summary"], steps]
    return (
        say("Release {said}", said=said["number"]),
        ": ".join(part for part in parts if part),
        said["by"],
        said["at"],
    )


def _retirement(told: _Told, said: Mapping[str, Any]) -> _Line:
    heard = ", ".join(f"{who} ({day or 'no day'})" for who, day in said["told"]) or "nobody"
    text = say(
        "{said} Told: {heard}. Checked: {said_2} Records until {said_3}. Learned: {said_4}",
        said=said["reason"],
        heard=heard,
        said_2=said["downstream"],
        said_3=said["records_until"],
        said_4=said["lessons"],
    )
    return say("Retirement"), text, said["by"], said["at"]


_LINES: Mapping[str, Callable[[_Told, Mapping[str, Any]], _Line]] = {
    "gate_decision": _outcome,
    "waiver": _waiver,
    "warning_reason": _reason,
    "tier_choice": _tier,
    "member": _member,
    "evidence": _file,
    "change_answer": _change,
    "shared_source": _shared,
    "release": _release,
    "retirement": _retirement,
}
