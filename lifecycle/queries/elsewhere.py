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
from lifecycle.queries.wording import everybody
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
    told = _Told(guide, everybody(session))
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
    text = Outcome(said["outcome"]).title
    if said["to_stage"]:
        text = say("{outcome} to {stage}", outcome=text, stage=Stage(said["to_stage"]).title)
    if said["reason"]:
        text = say("{what}: {words}", what=text, words=said["reason"])
    return say("{gate} gate", gate=Gate(said["gate"]).title), text, said["by"], said["at"]


def _waiver(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say(
        "{check}, until {day}: {mitigation}",
        check=told.check(said["check"]),
        day=said["expires_on"],
        mitigation=said["mitigation"],
    )
    return say("Waiver"), text, said["by"], said["at"]


def _reason(told: _Told, said: Mapping[str, Any]) -> _Line:
    return (
        say("Reason for a warning"),
        say("{what}: {words}", what=told.check(said["check"]), words=said["reason"]),
        said["by"],
        said["at"],
    )


def _tier(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say(
        "Tier {tier} where the points propose {proposed}: {reason} (approved by {approver})",
        tier=said["tier"],
        proposed=said["proposed"],
        reason=said["reason"],
        approver=told.owner(said["approver"]),
    )
    return say("Risk tier"), text, said["by"], said["at"]


def _member(told: _Told, said: Mapping[str, Any]) -> _Line:
    return (
        say("Role"),
        say("{what}: {words}", what=told.person(said["person"]), words=Role(said["role"]).title),
        said["given_by"],
        said["since"],
    )


def _file(told: _Told, said: Mapping[str, Any]) -> _Line:
    newest = said["revisions"][-1]
    text = say(
        "{document}: {file}, SHA-256 {digest}",
        document=said["title"],
        file=newest["file_name"],
        digest=newest["digest"],
    )
    return say("File kept elsewhere"), text, newest["by"], newest["at"]


def _change(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say("{what}: {words}", what=said["key"], words=said["text"])
    return say("Answer to a requested change"), text, said["by"], said["at"]


def _shared(told: _Told, said: Mapping[str, Any]) -> _Line:
    text = say(
        "{source}, taken from “{project}” ({key})",
        source=said["source_key"],
        project=said["project_name"],
        key=said["project"],
    )
    return say("Data source of another project"), text, said["by"], said["at"]


def _release(told: _Told, said: Mapping[str, Any]) -> _Line:
    steps = say(", then ").join(_step(step) for step in said["steps"])
    text = say("version {version}", version=said["model_version"])
    for part in (said["summary"], steps):
        text = say("{what}: {words}", what=text, words=part) if part else text
    return say("Release {number}", number=said["number"]), text, said["by"], said["at"]


def _step(step: Mapping[str, Any]) -> str:
    move = say(Move(step["move"]).label).lower()
    if step["share"] is None:
        return move
    return say("{move} {share} %", move=move, share=step["share"])


def _retirement(told: _Told, said: Mapping[str, Any]) -> _Line:
    heard = ", ".join(f"{who} ({day or say('no day')})" for who, day in said["told"]) or say("nobody")
    text = say(
        "{reason} Told: {heard}. Checked: {downstream} Records until {day}. Learned: {lessons}",
        reason=said["reason"],
        heard=heard,
        downstream=said["downstream"],
        day=said["records_until"],
        lessons=said["lessons"],
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
