"""A live product: its Operate review with the evidence, and the log of what changes around it.

What comes of a review is for people to decide, so it can be read here and not written.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from lifecycle.actions import surroundings
from lifecycle.queries import operation
from lifecycle.queries.operation import OperationView
from lifecycle.rules.operation import Finding, Reached, Reads, Verdict
from lifecycle.rules.surroundings import ChangeEntry
from lifecycle.vocabulary import Outcome, Stage
from lifecycle.web.api.asking import Asking, Reading, WritingWorksheets
from lifecycle.web.api.problems import Described, blocker_json, problem_response
from lifecycle.web.api.shapes import BlockerShape, Given, ProjectKey, Shape

router = APIRouter(tags=["Operation"])
_REFUSED: Described = {409: problem_response("Somebody saved first, or a rule says no")}
_TEXT = 100_000


class CycleShape(Shape):
    """Where the product stands between two reviews. `because` says why one is due now; empty: none is."""

    last_on: date
    due_on: date
    months_at_most: int | None = Field(
        description="Between two, at this risk tier; null: the tier is unknown."
    )
    because: list[str]
    restricted_to: str = Field(description="What the last review limited the product to.")


class FindingShape(Shape):
    """One piece of evidence for the review."""

    title: str
    planned: str
    now: str
    reads: Reads


class VerdictShape(Shape):
    """What a review may come to, and why it cannot now; the decision itself is made on the page Operation."""

    verdict: Verdict
    blockers: list[BlockerShape]


class ConcludedShape(Shape):
    """An Operate review as it was concluded."""

    at: datetime
    by: str
    outcome: Outcome
    reason: str
    to_stage: Stage | None
    evidence: list[FindingShape]


class ReachedShape(Shape):
    planned: float | None
    reached: float | None
    percent: int | None


class DayShape(Shape):
    """A day on which something ends or changes, and the field that says so."""

    on: date
    what: str
    field: str
    announced_by: date | None = Field(description="When notice is due, where one was agreed.")


class OperationShape(Shape):
    """`review` is null while the product is not live."""

    project: str
    review: CycleShape | None
    evidence: list[FindingShape]
    verdicts: list[VerdictShape]
    concluded: list[ConcludedShape]
    people_trained: ReachedShape
    sites_live: ReachedShape
    days_ahead: list[DayShape]


class ChangeShape(Shape):
    """One entry of the log of changes. `assess_by`: the last day on which it may stand without an assessment."""

    id: str
    change: str
    kind: str
    changed_on: date | None
    is_assessed: bool
    assessed_on: date | None
    assess_by: date | None
    is_late: bool


class ChangesShape(Shape):
    """The newest first. `kinds` are the words that `kind` may have."""

    project: str
    kinds: dict[str, str]
    items: list[ChangeShape]


class NewChange(Given):
    change: str = Field(max_length=_TEXT, description="What changed.")
    kind: str = Field(max_length=100, description="One of `kinds`: source, vendor, schema, policy or usage.")
    changed_on: date = Field(description="Since when.")
    use: str | None = Field(None, max_length=100, description="The use it concerns, as R20/r1.")
    assessed_on: date | None = Field(None, description="When its impact was assessed, if it was.")


class GivenAssessment(Given):
    assessed_on: date | None = Field(None, description="Else today.")


@router.get("/projects/{key}/operation")
def read_operation(asking: Reading, key: ProjectKey) -> OperationShape:
    """The next Operate review with its evidence, those concluded, people and sites, and the days ahead."""
    found = _view(asking, key)
    cycle, reached = found.cycle, found.enablement
    return OperationShape(
        project=key,
        review=None
        if cycle is None
        else CycleShape(
            last_on=cycle.last_on,
            due_on=cycle.due_on,
            months_at_most=cycle.months,
            because=list(cycle.because),
            restricted_to=cycle.restricted_to,
        ),
        evidence=[_finding(each) for each in found.findings],
        verdicts=[
            VerdictShape(
                verdict=verdict,
                blockers=[BlockerShape.model_validate(blocker_json(each)) for each in against],
            )
            for verdict, against in found.against.items()
        ],
        concluded=[
            ConcludedShape(
                at=each.at,
                by=each.who,
                outcome=each.outcome,
                reason=each.reason,
                to_stage=each.to_stage,
                evidence=[_finding(piece) for piece in each.evidence],
            )
            for each in found.past
        ],
        people_trained=_reached(reached.people),
        sites_live=_reached(reached.sites),
        days_ahead=[
            DayShape(on=each.on, what=each.what, field=each.key, announced_by=each.announced_by)
            for each in found.days
        ],
    )


@router.get("/projects/{key}/changes")
def list_changes(asking: Reading, key: ProjectKey) -> ChangesShape:
    """What changed around the product: sources, vendors, schemas, policies, uses (P10)."""
    found = _view(asking, key)
    return ChangesShape(project=key, kinds=dict(found.kinds), items=[_change(each) for each in found.changes])


@router.post("/projects/{key}/changes", status_code=201, responses=_REFUSED)
def note_change(
    asking: WritingWorksheets, key: ProjectKey, given: NewChange, response: Response
) -> ChangeShape:
    """Note a change. Sign-offs that rest on the log of changes have to be affirmed."""
    with asking.write() as session:
        head = asking.project(session, key)
        before = {each.row_id for each in _in(session, asking, key).changes}
        surroundings.note_change(
            session, by=asking.by, at=asking.at, guide=asking.guide, project_id=head.id, **given.model_dump()
        )
        session.flush()
        made = next(each for each in _in(session, asking, key).changes if each.row_id not in before)
    response.headers["Location"] = f"/api/v1/projects/{key}/changes"
    return _change(made)


@router.post("/projects/{key}/changes/{change}/assessment", responses=_REFUSED)
def assess_change(
    asking: WritingWorksheets, key: ProjectKey, change: str, given: GivenAssessment
) -> ChangeShape:
    """Say that somebody looked at what the change does to the product."""
    with asking.write() as session:
        head = asking.project(session, key)
        surroundings.assess_change(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            project_id=head.id,
            row_id=change,
            assessed_on=given.assessed_on,
        )
        session.flush()
        return _change(next(each for each in _in(session, asking, key).changes if each.row_id == change))


def _view(asking: Asking, key: str) -> OperationView:
    with asking.read() as session:
        return _in(session, asking, key)


def _in(session: Any, asking: Asking, key: str) -> OperationView:
    return operation.view(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)


def _finding(found: Finding) -> FindingShape:
    return FindingShape(title=found.title, planned=found.planned, now=found.now, reads=found.reads)


def _reached(found: Reached) -> ReachedShape:
    planned, reached = (None if each is None else float(each) for each in (found.planned, found.reached))
    return ReachedShape(planned=planned, reached=reached, percent=found.percent)


def _change(entry: ChangeEntry) -> ChangeShape:
    names = ChangeShape.model_fields.keys() - {"id"}
    return ChangeShape(id=entry.row_id, **{name: getattr(entry, name) for name in names})
