"""Releases from rows: what one freezes, what was frozen, and the facts that the rules of releases take."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.canonical import canonical_json
from lifecycle.facts.monitors import spec_of
from lifecycle.facts.projects import answer_fact
from lifecycle.guide import Guide
from lifecycle.rules.delivery import IncidentFact
from lifecycle.rules.incidents import IncidentKind
from lifecycle.rules.monitors import number_text, rule_text
from lifecycle.rules.operation import WatchedFact
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts, SourceFact
from lifecycle.rules.releases import Frozen, Move, ReleaseFact, StepFact, results_by_metric
from lifecycle.rules.signoffs import counting_sign_offs, staleness
from lifecycle.rules.triggers import Judgement
from lifecycle.store.tables import (
    CurrentAnswer,
    Incident,
    Monitor,
    Reading,
    ReadingCorrection,
    Release,
    ReleaseStep,
)
from lifecycle.vocabulary import Gate, Outcome

TESTS, RESULTS = "M16", "M03"
_GOES = (Outcome.GO, Outcome.GO_WITH_CONDITIONS)


# ---------------------------------------------------------------- freezing


def freeze(session: Session, project_id: int, facts: ProjectFacts, guide: Guide, version: str) -> str:
    """Everything that a release of this version holds, as canonical JSON without any moment of its making.

    So the same content twice gives the same text. People stand in it by key, as everywhere in the log.
    """
    rows = session.exec(
        select(CurrentAnswer)
        .where(col(CurrentAnswer.project_id) == project_id, col(CurrentAnswer.state).is_not(None))
        .order_by(col(CurrentAnswer.source_id), col(CurrentAnswer.field_id))
    ).all()
    there = {0, *(source.id for source in facts.sources)}
    counting = [
        made
        for made in counting_sign_offs(facts, guide)
        if made.decision.is_favourable and not staleness(facts, guide, made)
    ]
    return canonical_json(
        {
            "model_version": version,
            "tier": facts.tier,
            "answers": {_key(row): _answer(row, facts) for row in rows if row.source_id in there},
            "sources": {str(source.id): source.name for source in facts.sources},
            "sign_offs": {f"{made.gate}/{made.role}/{made.person_key}": made.id for made in counting},
            "tests": _tests(facts),
            "documents": {
                str(document.id): [document.title, document.revision, document.content]
                for document in facts.evidence
            },
            "approved": _approved(facts, [made.id for made in counting if made.gate is Gate.LAUNCH]),
        }
    )


def _key(row: CurrentAnswer) -> str:
    return f"{row.field_id}@{row.source_id}" if row.source_id else row.field_id


def _answer(row: CurrentAnswer, facts: ProjectFacts) -> dict[str, object]:
    fact = _fact(row, facts)
    return {
        "answer": row.answer_id,
        "revision": row.revision,
        "digest": fact.content if fact else "",
        "state": row.state,
        "value": json.loads(row.value) if row.value is not None else None,
        "owner": row.owner,
        "due_on": row.due_on,
        "reason": row.reason,
        "at": row.at,
    }


def _fact(row: CurrentAnswer, facts: ProjectFacts) -> AnswerFact | None:
    if not row.source_id:
        return facts.answers.get(row.field_id)
    return next(
        (source.answers.get(row.field_id) for source in facts.sources if source.id == row.source_id), None
    )


def _tests(facts: ProjectFacts) -> dict[str, str]:
    fact = facts.answer(TESTS)
    rows = fact.value if fact and isinstance(fact.value, tuple) else ()
    return {str(row["test"]): str(row.get("score") or "0") for row in rows if row.get("test")}


def _approved(facts: ProjectFacts, launch: Sequence[int]) -> dict[str, object]:
    """The go that stands, by who and when, and the launch sign-offs: together they are who approved."""
    goes = [
        made
        for made in facts.decisions
        if made.gate in (Gate.LAUNCH, Gate.OPERATE)
        and made.gate in (*facts.passed_gates, Gate.OPERATE)
        and made.outcome in _GOES
    ]
    last = goes[-1] if goes and Gate.LAUNCH in facts.passed_gates else None
    go = {"gate": last.gate.value, "by": last.by_key, "at": last.at} if last else None
    return {"go": go, "launch": list(launch)}


# ---------------------------------------------------------------- reading


def test_results(content: str) -> Mapping[str, float]:
    """What was measured on held-back data (M03) when this content was frozen, by `metric_key`."""
    rows = (json.loads(content)["answers"].get(RESULTS) or {}).get("value")
    return results_by_metric(rows if isinstance(rows, list) else ())


@dataclass(frozen=True, slots=True)
class Content:
    """What was frozen, read back."""

    model_version: str
    tier: int | None
    frozen: Frozen
    facts: ProjectFacts  # its answers and data sources as facts, so that they can be put into words
    documents: tuple[tuple[str, int, str], ...]  # title, revision, digest
    go_gate: Gate | None
    go_by: str
    go_at: datetime | None
    launch_sign_offs: tuple[int, ...]
    raw: Mapping[str, Mapping[str, Any]]  # answers by key as stored: for programs


def thaw(text: str, guide: Guide, names: Mapping[str, str], today: date) -> Content:
    """The content of a release; a question that the guide dropped since keeps its digest and has no fact."""
    read: dict[str, Any] = json.loads(text)
    answers: dict[str, AnswerFact] = {}
    of_sources: dict[int, dict[str, AnswerFact]] = defaultdict(dict)
    for key, stored in read["answers"].items():
        field_id, _, source_id = key.partition("@")
        spec = guide.fields.get(field_id)
        fact = answer_fact(spec, _Stored(stored, int(source_id or 0)), names) if spec else None
        if fact is not None:
            (of_sources[int(source_id)] if source_id else answers)[field_id] = fact
    sources = {int(key): name for key, name in read["sources"].items()}
    go = read["approved"]["go"] or {}
    return Content(
        model_version=read["model_version"],
        tier=read["tier"],
        frozen=Frozen(
            answers={key: stored["digest"] for key, stored in read["answers"].items()},
            sources=sources,
            sign_offs=read["sign_offs"],
            tests=read["tests"],
        ),
        facts=replace(
            ProjectFacts(today=today),
            answers=answers,
            sources=tuple(SourceFact(key, name, of_sources.get(key, {})) for key, name in sources.items()),
        ),
        documents=tuple((title, revision, digest) for title, revision, digest in read["documents"].values()),
        go_gate=Gate(go["gate"]) if go else None,
        go_by=go.get("by", ""),
        go_at=datetime.fromisoformat(go["at"]) if go else None,
        launch_sign_offs=tuple(read["approved"]["launch"]),
        raw=read["answers"],
    )


class _Stored:
    """A frozen answer as `answer_fact` takes one."""

    settled_stage: str | None = None

    def __init__(self, stored: Mapping[str, Any], source_id: int) -> None:
        self.source_id = source_id
        self.state: str | None = stored["state"]
        self.value = None if stored["value"] is None else canonical_json(stored["value"])
        self.owner: str | None = stored["owner"]
        self.due_on = date.fromisoformat(stored["due_on"]) if stored["due_on"] else None
        self.reason: str | None = stored["reason"]
        self.answer_id: int = stored["answer"]
        self.revision: int = stored["revision"]
        self.at = datetime.fromisoformat(stored["at"])


def release_facts(session: Session, project_id: int) -> tuple[ReleaseFact, ...]:
    """All releases of a project, oldest first, with their steps: two statements."""
    return release_facts_of(session, [project_id]).get(project_id, ())


def release_facts_of(session: Session, project_ids: Sequence[int]) -> dict[int, tuple[ReleaseFact, ...]]:
    """The same for several projects at once; projects without a release are left out."""
    steps: dict[int, list[StepFact]] = defaultdict(list)
    for step in session.exec(
        select(ReleaseStep).where(col(ReleaseStep.project_id).in_(project_ids)).order_by(col(ReleaseStep.id))
    ):
        steps[step.release_id].append(StepFact(Move(step.move), step.happened_at, step.share, step.began_at))
    found: dict[int, list[ReleaseFact]] = defaultdict(list)
    for row in session.exec(
        select(Release).where(col(Release.project_id).in_(project_ids)).order_by(col(Release.number))
    ):
        found[row.project_id].append(
            ReleaseFact(
                id=row.id or 0,
                number=row.number,
                model_version=row.model_version,
                digest=row.digest,
                at=row.at,
                ready_at=row.ready_at,
                steps=tuple(steps.get(row.id or 0, ())),
                sign_offs=tuple(json.loads(row.content)["sign_offs"].values()),
            )
        )
    return {project_id: tuple(releases) for project_id, releases in found.items()}


def incident_facts(session: Session, project_id: int) -> tuple[IncidentFact, ...]:
    """The incidents of a project as delivery metrics and Operate reviews take them."""
    return incident_facts_of(session, [project_id]).get(project_id, ())


def incident_facts_of(session: Session, project_ids: Sequence[int]) -> dict[int, tuple[IncidentFact, ...]]:
    """The same for several projects at once, oldest first: two statements. Bugs are found before they do harm.

    An incident tells its model version; the release of that version that was made last before it began led to it.
    """
    versions: dict[tuple[int, str], list[tuple[datetime, int]]] = defaultdict(list)
    made = select(Release.project_id, Release.model_version, Release.at, Release.id)
    for project_id, version, at, release_id in session.exec(
        made.where(col(Release.project_id).in_(project_ids)).order_by(col(Release.number))
    ):
        versions[project_id, version].append((at, release_id or 0))
    found: dict[int, list[IncidentFact]] = defaultdict(list)
    for row in session.exec(
        select(Incident)
        .where(
            col(Incident.project_id).in_(project_ids),
            col(Incident.kind) != IncidentKind.BUG.value,
        )
        .order_by(col(Incident.started_at), col(Incident.id))
    ):
        before = [
            release_id
            for at, release_id in versions.get((row.project_id, row.model_version), ())
            if at <= row.started_at
        ]
        found[row.project_id].append(
            IncidentFact(
                started_at=row.started_at,
                detected_at=row.detected_at,
                restored_at=row.restored_at,
                release_id=before[-1] if before else None,
                title=row.title,
                degrades=row.kind != IncidentKind.SILENCE.value,
            )
        )
    return {project_id: tuple(incidents) for project_id, incidents in found.items()}


def watched_facts(session: Session, project_id: int) -> tuple[WatchedFact, ...]:
    """Every monitor that is on, with its newest reading as it counts now: three statements."""
    newest = (
        select(Reading.id)
        .where(col(Reading.monitor_id) == col(Monitor.id))
        .order_by(col(Reading.at).desc(), col(Reading.id).desc())
        .limit(1)
        .correlate(Monitor)
        .scalar_subquery()
    )
    rows: Sequence[tuple[Monitor, Reading | None]] = session.exec(
        select(Monitor, Reading)
        .outerjoin(Reading, col(Reading.id) == newest)
        .where(col(Monitor.project_id) == project_id, col(Monitor.state) == "on")
        .order_by(col(Monitor.name), col(Monitor.id))
    ).all()
    ids = [reading.id for _, reading in rows if reading is not None]
    corrected = {
        row.reading_id: row
        for row in session.exec(
            select(ReadingCorrection)
            .where(col(ReadingCorrection.reading_id).in_(ids))
            .order_by(col(ReadingCorrection.id))
        )
    }
    return tuple(
        _watched(monitor, reading, corrected.get((reading.id or 0) if reading is not None else 0))
        for monitor, reading in rows
    )


def _watched(monitor: Monitor, reading: Reading | None, corrected: ReadingCorrection | None) -> WatchedFact:
    spec = spec_of(monitor)
    counts = corrected if corrected is not None else reading
    return WatchedFact(
        name=monitor.name,
        fires=rule_text(spec),
        now=number_text(counts.value) if counts is not None else "",
        on=reading.at.date() if reading is not None else None,
        is_breach=counts is not None and counts.verdict == Judgement.BREACH.value,
    )
