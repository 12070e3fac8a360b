"""Projects: registering, editing, archiving, and taking over what a register says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from lifecycle.errors import Conflict, Invalid, NotFound, Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide, keep_edition
from lifecycle.facts.people import require_on_project
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.answers import clean_text
from lifecycle.rules.permissions import require
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.store.tables import Membership, Project
from lifecycle.vocabulary import Actor, Blocker, Gate, ProjectStatus, Role, Stage

LONGEST_NAME = 400
LONGEST_PURPOSE = 2_000
LONGEST_KEY = 40

# The gate that a project works towards when it stands in a stage.
GATE_OF_STAGE = {
    Stage.DISCOVERY: Gate.DISCOVERY,
    Stage.FEASIBILITY: Gate.FEASIBILITY,
    Stage.DESIGN: Gate.DESIGN,
    Stage.MODEL: Gate.MODEL,
    Stage.PRODUCTION: Gate.LAUNCH,
}


def register(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    name: str,
    purpose: str = "",
    organisation: str = "",
) -> int:
    """Begin a project in Discovery with `by` as its product manager; returns its id."""
    require("projects.create", by)
    project = begin(session, by, at, guide, name, purpose, organisation)
    project_id = _id(project)
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.PROJECT_REGISTERED,
        subject=f"project:{project.key}",
        detail={
            "name": project.name,
            "purpose": project.purpose,
            "organisation": project.organisation,
            "guide": guide.version,
        },
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at)
    return project_id


def begin(
    session: Session, by: Actor, at: datetime, guide: Guide, name: str, purpose: str, organisation: str
) -> Project:
    """The rows of a new project in Discovery with `by` as its product manager; its caller records the event."""
    name, purpose, organisation = _tidy(name, purpose, organisation)
    project = Project(
        key=free_key(session, name),
        name=name,
        purpose=purpose,
        organisation=organisation,
        stage=Stage.DISCOVERY.value,
        gate=Gate.DISCOVERY.value,
        furthest_stage=Stage.DISCOVERY.value,
        status=ProjectStatus.ACTIVE.value,
        guide_version=guide.version,
        stage_since=at,
        created_at=at,
        created_by=by.key,
    )
    session.add(project)
    keep_edition(session, guide, at)
    session.flush()
    project_id = _id(project)
    if by.has_account:
        session.add(
            Membership(
                project_id=project_id,
                person_key=by.key,
                role=Role.PRODUCT_MANAGER.value,
                since=at,
                given_by=by.key,
            )
        )
        session.flush()
    return project


def edit(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    project_id: int,
    name: str,
    purpose: str,
    organisation: str,
    base: int,
) -> None:
    """Change name, purpose and owning unit; the key stays. `base` is the revision that the person saw."""
    project = existing(session, project_id)
    require_on_project(session, "projects.edit", by, project_id)
    name, purpose, organisation = _tidy(name, purpose, organisation)
    new = {"name": name, "purpose": purpose, "organisation": organisation}
    old = {"name": project.name, "purpose": project.purpose, "organisation": project.organisation}
    if new == old:
        return
    if project.revision != base:
        raise Conflict(say("this project"), base=base, found=project.revision, theirs=old, mine=new)
    project.name, project.purpose, project.organisation = name, purpose, organisation
    project.revision += 1
    _record(session, EventAction.PROJECT_EDITED, project, by, at, before=old, after=new)


def archive(session: Session, *, by: Actor, at: datetime, project_id: int) -> None:
    """Take a project out of the portfolio. Nothing is deleted and it can be restored."""
    project = existing(session, project_id)
    require_on_project(session, "projects.archive", by, project_id)
    if project.archived_at is not None:
        raise Refused(Blocker("project:archived", say("This project is archived already.")))
    project.archived_at = at
    _record(session, EventAction.PROJECT_ARCHIVED, project, by, at)


@by_its_guide
def restore(session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int) -> None:
    """Bring an archived project back as it was."""
    project = existing(session, project_id)
    require_on_project(session, "projects.restore", by, project_id)
    if project.archived_at is None:
        raise Refused(Blocker("project:not_archived", say("This project is not archived.")))
    project.archived_at = None
    project.merged_into = None  # it is one of its own again
    _record(session, EventAction.PROJECT_RESTORED, project, by, at)
    refresh_standing(session, project_id, guide=guide, at=at)


def adopt(session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int) -> None:
    """Take over an imported project: `by` becomes its product manager and it is assessed here from now on.

    What the register said stays beside it as facts; it has no answers and no sign-offs yet.
    """
    project = existing(session, project_id)
    require_on_project(session, "projects.adopt", by, project_id)
    if project.origin != "register" or project.adopted_at is not None:
        raise Refused(Blocker("project:adopted", say("This project is assessed here already.")))
    if project.stage is None:
        raise Refused(Blocker("project:unmapped", say("Decide first which stage this project is in.")))
    project.adopted_at = at
    project.guide_version = guide.version
    keep_edition(session, guide, at)
    project.revision += 1
    session.add(
        Membership(
            project_id=project_id,
            person_key=by.key,
            role=Role.PRODUCT_MANAGER.value,
            since=at,
            given_by=by.key,
        )
    )
    session.flush()
    _record(session, EventAction.PROJECT_ADOPTED, project, by, at, stage=project.stage)
    refresh_standing(session, project_id, guide=guide, at=at)


def map_stage(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    stage: Stage,
    status: ProjectStatus = ProjectStatus.ACTIVE,
) -> None:
    """Say by hand which stage an imported project is in, when its register used a word nobody knows."""
    project = existing(session, project_id)
    require_on_project(session, "projects.map_stage", by, project_id)
    if project.origin != "register" or project.adopted_at is not None:
        raise Refused(
            Blocker(
                "project:adopted", say("Only a project from a register is placed by hand; others pass gates.")
            )
        )
    if stage is not Stage.PRODUCTION and status is not ProjectStatus.ACTIVE:
        raise Invalid({"status": say("Rollout, live and retired belong to Production.")})
    before = {"stage": project.stage, "status": project.status}
    place(project, stage, status, at)
    project.revision += 1
    _record(
        session,
        EventAction.PROJECT_EDITED,
        project,
        by,
        at,
        before=before,
        after={"stage": stage, "status": status},
    )


def place(project: Project, stage: Stage | None, status: ProjectStatus, at: datetime) -> None:
    """Put a project into a stage without a gate: only for what a register says. Live ones face Operate."""
    if stage is not None and project.stage != stage.value:
        project.stage_since = at
    project.stage = stage.value if stage else None
    gate = GATE_OF_STAGE[stage] if stage else None
    if stage is Stage.PRODUCTION and status in (ProjectStatus.LIVE, ProjectStatus.RETIRED):
        gate = Gate.OPERATE
    project.gate = gate.value if gate else None
    project.status = status.value
    furthest = Stage(project.furthest_stage) if project.furthest_stage else None
    if stage and (furthest is None or stage.order > furthest.order):
        project.furthest_stage = stage.value


def existing(session: Session, project_id: int) -> Project:
    """The project, archived or not; raises NotFound."""
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound(say("project"), project_id)
    return project


def open_project(session: Session, project_id: int) -> Project:
    """The project for a change of its content: refused while it is archived or not assessed here."""
    project = existing(session, project_id)
    if project.archived_at is not None:
        raise Refused(
            Blocker("project:archived", say("This project is archived. Restore it before changing it."))
        )
    if project.origin == "register" and project.adopted_at is None:
        raise Refused(
            Blocker(
                "project:not_adopted",
                say("This project comes from a register. Adopt it before assessing it."),
            )
        )
    return project


def record_change(
    session: Session,
    action: EventAction,
    project_id: int,
    subject: str,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
    guide: Guide,
    *,
    facts: ProjectFacts | None = None,
) -> None:
    """The end of every change of a project's content: its one event, and its standing as that is now.

    `facts` are the project's after the change, where they are known already.
    """
    session.flush()
    record(
        session,
        chain=project_chain(project_id),
        action=action,
        subject=subject,
        detail=detail,
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at, facts=facts)


def slug(name: str) -> str:
    """Lower-case letters, digits and dashes, at most 40; "project" when nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_KEY].strip("-") or "project"


def free_key(session: Session, name: str) -> str:
    """The slug of a name, with -2, -3 … on a clash."""
    base = slug(name)
    taken = set(session.exec(select(Project.key).where(col(Project.key).startswith(base, autoescape=True))))
    return next_key(base, taken)


def next_key(base: str, taken: set[str]) -> str:
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def _tidy(name: str, purpose: str, organisation: str) -> tuple[str, str, str]:
    name = " ".join(clean_text(name).split())
    purpose = clean_text(purpose)
    organisation = " ".join(clean_text(organisation).split())
    problems = {}
    if not name:
        problems["name"] = say("Give the project a name.")
    for place, text, longest in (
        ("name", name, LONGEST_NAME),
        ("purpose", purpose, LONGEST_PURPOSE),
        ("organisation", organisation, LONGEST_NAME),
    ):
        if len(text) > longest:
            problems[place] = say(
                "This is {count:,} characters long; at most {longest:,} can be kept.",
                count=len(text),
                longest=longest,
            )
    if problems:
        raise Invalid(problems)
    return name, purpose, organisation


def _record(
    session: Session, action: EventAction, project: Project, by: Actor, at: datetime, **detail: object
) -> None:
    record(
        session,
        chain=project_chain(_id(project)),
        action=action,
        subject=f"project:{project.key}",
        detail=detail,
        by=by,
        at=at,
    )


def _id(project: Project) -> int:
    if project.id is None:
        raise ValueError("the project is not in the database yet")
    return project.id
