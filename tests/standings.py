"""Projects with the standing a test wants, as bare rows: the portfolio reads nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlmodel import Session

from lifecycle.canonical import canonical_json, moment_text
from lifecycle.store.past import keep_past
from lifecycle.store.tables import (
    ImportRun,
    Project,
    ProjectStanding,
    RegisterEntry,
    Standing,
    StandingPast,
)
from lifecycle.vocabulary import Gate, Level, ProjectStatus, Role, SignOffStatus
from tests.clock import START


def ago(days: int) -> datetime:
    return START - timedelta(days=days)


def assessed(
    session: Session,
    name: str,
    *,
    organisation: str = "Post",
    gate: Gate = Gate.DISCOVERY,
    level: Level = Level.IN_PROGRESS,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    days: int = 1,
    roles: Mapping[Role, tuple[SignOffStatus, int]] | None = None,
    causes: Mapping[str, int] | None = None,
    tier: int | None = None,
    index: int | None = None,
    debt: int = 0,
    stale: int = 0,
    overdue: int = 0,
    next_on: date | None = None,
) -> int:
    """A project that has stood at `level` for `days`; `roles` says what each said, and how many days ago."""
    since = ago(days)
    project = Project(
        key=name.lower(),
        name=name,
        organisation=organisation,
        stage=gate.stage.value,
        gate=gate.value,
        furthest_stage=gate.stage.value,
        status=status.value,
        stage_since=since,
        created_at=since,
        created_by="somebody",
    )
    session.add(project)
    session.flush()
    project_id = project.id or 0
    said = {
        role.value: [state.value, moment_text(ago(when))] for role, (state, when) in (roles or {}).items()
    }
    for each in Gate:
        here = each is gate
        past = Level.PASSED if each.order < gate.order else Level.NOT_STARTED
        session.add(
            Standing(
                project_id=project_id,
                gate=each.value,
                level=(level if here else past).value,
                weakest="answers",
                answers=0,
                checks=0,
                sign_offs=0,
                conditions=0,
                evidence=0,
                blockers=3 if here else 0,
                warnings=0,
                roles=canonical_json(said) if here else "{}",
                since=since,
            )
        )
    standing = {
        "project_id": project_id,
        "gate": gate.value,
        "level": level.value,
        "weakest": "answers",
        "readiness": 0,
        "tier": tier,
        "early_index": index,
        "debt": debt,
        "open_questions": debt,
        "blockers": 3,
        "top_blocker": "Something stands in the way.",
        "causes": canonical_json(dict(causes or {})),
        "stale": stale,
        "overdue": overdue,
        "next_on": next_on,
        "since": since,
    }
    session.add(ProjectStanding(**standing))
    session.add(StandingPast(**standing, at=since, roles=canonical_json(said)))
    session.flush()
    keep_past(session, [f"project:{project_id}"], since)
    return project_id


def listed(
    session: Session,
    name: str,
    *,
    organisation: str = "Harbour",
    gate: Gate | None = Gate.OPERATE,
    status: ProjectStatus = ProjectStatus.LIVE,
) -> int:
    """A project from a register that nobody has adopted; gate None: with a stage word that nobody knows."""
    run = ImportRun(
        register_name="r", file_name="r.csv", file_digest="", rows=1, added=1, changed=0, unchanged=0, gone=0,
        at=START, by_key="somebody",
    )  # fmt: skip
    project = Project(
        key=name.lower(),
        name=name,
        organisation=organisation,
        stage=gate.stage.value if gate else None,
        gate=gate.value if gate else None,
        status=status.value,
        origin="register",
        stage_since=START,
        created_at=START,
        created_by="somebody",
    )
    session.add_all([run, project])
    session.flush()
    session.add(
        RegisterEntry(
            project_id=project.id or 0,
            register_name="r",
            identity=name,
            run_id=run.id or 0,
            row_number=2,
            content_digest="",
            stage_word="In use" if gate else "Daydream",
            risk="Both",
        )
    )
    session.flush()
    keep_past(session, [f"project:{project.id}"], START)
    return project.id or 0
