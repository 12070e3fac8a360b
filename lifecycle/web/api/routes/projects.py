"""Projects: those one may read, one of them, registering and editing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from lifecycle.actions import projects as actions
from lifecycle.queries import portfolio
from lifecycle.queries.portfolio import Filters, PortfolioRow
from lifecycle.queries.projects import ProjectHead
from lifecycle.vocabulary import Area, Gate, Level, ProjectStatus, Role, Stage
from lifecycle.web.api.asking import Reading, WritingProjects
from lifecycle.web.api.problems import problem_response
from lifecycle.web.api.shapes import (
    LARGEST_NUMBER,
    Cursor,
    Given,
    Limit,
    PageOf,
    ProjectKey,
    Shape,
    page,
    text_cursor,
)

router = APIRouter(tags=["Projects"])


Text = Annotated[
    str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Words in name, organisation or key.")
]


class ProjectLine(Shape):
    """One project of the list. `level` is null for one from a register that is not assessed here."""

    key: str
    name: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    level: Level | None
    readiness: int | None = Field(description="Per mille, of the gate it works towards.")
    weakest: Area | None
    blockers: int
    tier: int | None
    next_on: date | None


class ProjectShape(Shape):
    """One project."""

    key: str
    name: str
    purpose: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    is_adopted: bool = Field(description="False: it comes from a register and is not assessed here.")
    archived_at: datetime | None
    revision: int
    roles: list[Role] = Field(description="Yours on it.")


class NewProject(Given):
    name: str = Field(max_length=10_000)
    purpose: str = Field("", max_length=100_000)
    organisation: str = Field("", max_length=10_000)


class EditedProject(NewProject):
    base: int = Field(ge=0, le=LARGEST_NUMBER, description="The `revision` that your change starts from.")


@router.get("/projects")
def list_projects(
    asking: Reading,
    request: Request,
    response: Response,
    text: Text = "",
    stage: Stage | None = None,
    level: Level | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ProjectLine]:
    """The projects you may read that are not archived, by key."""
    after = text_cursor(cursor)
    asking.bring_standing_up_to_date()
    filters = Filters(text=text, stage=stage.value if stage else "", level=level.value if level else "")
    with asking.read() as session:
        found = portfolio.after_key(session, by=asking.by, filters=filters, after=after, most=limit + 1)
    shown = [_line(row) for row in found[:limit]]
    return page(PageOf[ProjectLine], request, response, shown, shown[-1].key if len(found) > limit else None)


@router.post("/projects", status_code=201)
def register_project(asking: WritingProjects, given: NewProject, response: Response) -> ProjectShape:
    """Begin a project in Discovery; the person of the token becomes its product manager."""
    with asking.write() as session:
        number = actions.register(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            name=given.name,
            purpose=given.purpose,
            organisation=given.organisation,
        )
        key = actions.existing(session, number).key
        made = _shape(asking.project(session, key))
    response.headers["Location"] = f"/api/v1/projects/{made.key}"
    return made


@router.get("/projects/{key}")
def read_project(asking: Reading, key: ProjectKey) -> ProjectShape:
    """One project, archived or not."""
    with asking.read() as session:
        return _shape(asking.project(session, key))


@router.put("/projects/{key}", responses={409: problem_response("Somebody saved first, or a rule says no")})
def edit_project(asking: WritingProjects, key: ProjectKey, given: EditedProject) -> ProjectShape:
    """Change name, purpose and owning unit; the key stays."""
    with asking.write() as session:
        head = asking.project(session, key)
        actions.edit(session, by=asking.by, at=asking.at, project_id=head.id, **given.model_dump())
        session.flush()
        return _shape(asking.project(session, key))


def _line(row: PortfolioRow) -> ProjectLine:
    return ProjectLine(**{name: getattr(row, name) for name in ProjectLine.model_fields})


def _shape(head: ProjectHead) -> ProjectShape:
    shown: dict[str, Any] = {name: getattr(head, name) for name in ProjectShape.model_fields}
    return ProjectShape(**{**shown, "roles": sorted(head.roles)})
