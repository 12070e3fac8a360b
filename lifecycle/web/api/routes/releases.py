"""Releases: frozen from what is signed, rolled out step by step, taken back; and how well the product is delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from lifecycle.actions import releases as actions
from lifecycle.queries import releases
from lifecycle.queries.releases import Beside, ReleaseView
from lifecycle.rules.releases import Move, ReleaseState
from lifecycle.vocabulary import Decision, Gate, Role
from lifecycle.web.api.asking import Asking, Reading, WritingReleases
from lifecycle.web.api.problems import Described, blocker_json, problem_response
from lifecycle.web.api.shapes import BlockerShape, Given, Number, ProjectKey, Shape

router = APIRouter(tags=["Releases"])
_REFUSED: Described = {409: problem_response("A rule says no; `blockers` names each reason")}
_TEXT = 100_000


class Forward(StrEnum):
    """A step that brings a release further."""

    SHADOW = "shadow"
    CANARY = "canary"
    SHARE = "share"
    FULL = "full"


class SignedShape(Shape):
    gate: Gate
    role: Role
    decision: Decision


class StepShape(Shape):
    move: Move
    words: str
    happened_at: datetime
    by: str
    note: str
    restored_in: str | None = Field(description="Of a rollback: how long it took, in words.")


class ReleaseShape(Shape):
    """As `python -m lifecycle releases` prints it. `digest` is over all that it froze."""

    number: int
    model_version: str
    summary: str
    state: ReleaseState
    share: int | None
    digest: str
    made_at: datetime
    made_by: str
    ready_at: datetime | None
    reached_users_at: datetime | None
    approved: list[str]
    sign_offs: list[SignedShape]
    test_score: str
    steps: list[StepShape]


class DeliveryShape(Shape):
    """Over the window: how often, how fast, how long to restore, how many failed. Null: nothing to compute it from."""

    since: datetime
    until: datetime
    deployments: int
    per_month: float
    median_lead_seconds: int | None
    median_restore_seconds: int | None
    change_failure_rate: float | None


class ReleasesShape(Shape):
    """The newest first. `blockers` is why none can be made now."""

    project: str
    signed_version: str | None
    blockers: list[BlockerShape]
    items: list[ReleaseShape]
    delivery: DeliveryShape


class BesideShape(Shape):
    title: str
    before: str
    after: str


class ComparisonShape(Shape):
    """What differs between two releases, the older one before."""

    before: int
    after: int
    answers: list[BesideShape]
    sign_offs: list[BesideShape]
    tests: list[BesideShape]
    sources_gone: list[str]
    sources_new: list[str]


class NewRelease(Given):
    model_version: str = Field(
        max_length=_TEXT, description="The one that goes live; it must be the signed one."
    )
    summary: str = Field("", max_length=_TEXT)
    ready_at: AwareDatetime | None = Field(
        None, description="When the change was finished: lead time runs from it."
    )


class GivenStep(Given):
    move: Forward
    share: int | None = Field(None, ge=1, le=99, description="Percent of the traffic, for share.")
    note: str = Field("", max_length=_TEXT)
    happened_at: AwareDatetime | None = None


class GivenRollback(Given):
    reason: str = Field(max_length=_TEXT, description="What went wrong.")
    began_at: AwareDatetime | None = Field(None, description="When the trouble began; else now.")
    restored_at: AwareDatetime | None = Field(
        None, description="When users were well served again; else now."
    )


class GivenReason(Given):
    reason: str = Field(max_length=_TEXT)


@router.get("/projects/{key}/releases")
def list_releases(asking: Reading, key: ProjectKey) -> ReleasesShape:
    """Every release with its steps, and the delivery metrics."""
    with asking.read() as session:
        found = releases.view(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    metrics = found.metrics
    lead, restore, failed = metrics.lead_time.median, metrics.restore.median, metrics.failure_rate
    return ReleasesShape(
        project=key,
        signed_version=found.signed_version,
        blockers=[BlockerShape.model_validate(blocker_json(each)) for each in found.against],
        items=[_shape(each) for each in found.releases],
        delivery=DeliveryShape(
            since=metrics.since,
            until=metrics.until,
            deployments=metrics.deployments,
            per_month=float(metrics.per_month),
            median_lead_seconds=int(lead.total_seconds()) if lead is not None else None,
            median_restore_seconds=int(restore.total_seconds()) if restore is not None else None,
            change_failure_rate=float(failed) if failed is not None else None,
        ),
    )


@router.post("/projects/{key}/releases", status_code=201, responses=_REFUSED)
def create_release(
    asking: WritingReleases, key: ProjectKey, given: NewRelease, response: Response
) -> ReleaseShape:
    """Freeze what is signed now; refused with every blocker while the Launch gate is not open for this version."""
    with asking.write() as session:
        head = asking.project(session, key)
        made = actions.create(
            session,
            by=asking.by,
            at=asking.at,
            guide=asking.guide,
            project_id=head.id,
            model_version=given.model_version,
            summary=given.summary,
            ready_at=_utc(given.ready_at),
        )
        session.flush()
        seen = releases.view(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    found = next(each for each in seen.releases if each.id == made)
    response.headers["Location"] = f"/api/v1/projects/{key}/releases/{found.number}"
    return _shape(found)


@router.get("/projects/{key}/releases/{release}")
def read_release(asking: Reading, key: ProjectKey, release: Number) -> ReleaseShape:
    """One release, by its number in the project."""
    with asking.read() as session:
        return _shape(_numbered(session, asking, key, release))


@router.get("/projects/{key}/releases/{release}/compared-with/{other}")
def compare_releases(asking: Reading, key: ProjectKey, release: Number, other: Number) -> ComparisonShape:
    """What differs between two releases."""
    with asking.read() as session:
        found = releases.comparison(
            session, by=asking.by, at=asking.at, guide=asking.guide, key=key, one=release, other=other
        )
    return ComparisonShape(
        before=found.before.number,
        after=found.after.number,
        answers=[_beside(each) for each in found.answers],
        sign_offs=[_beside(each) for each in found.sign_offs],
        tests=[_beside(each) for each in found.tests],
        sources_gone=list(found.sources_gone),
        sources_new=list(found.sources_new),
    )


@router.post("/projects/{key}/releases/{release}/steps", responses=_REFUSED)
def step_release(asking: WritingReleases, key: ProjectKey, release: Number, given: GivenStep) -> ReleaseShape:
    """Record that it reached its next step: shadow, canary, a share of the traffic, everybody."""
    return _act(
        asking,
        key,
        release,
        actions.step,
        guide=asking.guide,
        move=Move(given.move.value),
        share=given.share,
        note=given.note,
        happened_at=_utc(given.happened_at),
    )


@router.post("/projects/{key}/releases/{release}/rollback", responses=_REFUSED)
def roll_back_release(
    asking: WritingReleases, key: ProjectKey, release: Number, given: GivenRollback
) -> ReleaseShape:
    """Record that it was taken back, and how long it took to restore."""
    times = {"began_at": _utc(given.began_at), "restored_at": _utc(given.restored_at)}
    return _act(asking, key, release, actions.roll_back, reason=given.reason, **times)


@router.post("/projects/{key}/releases/{release}/withdrawal", responses=_REFUSED)
def withdraw_release(
    asking: WritingReleases, key: ProjectKey, release: Number, given: GivenReason
) -> ReleaseShape:
    """End a release that has reached nobody."""
    return _act(asking, key, release, actions.withdraw, reason=given.reason)


def _act(asking: Asking, key: str, number: int, action: Callable[..., object], **told: Any) -> ReleaseShape:
    with asking.write() as session:
        found = _numbered(session, asking, key, number)
        action(session, by=asking.by, at=asking.at, release_id=found.id, **told)
        session.flush()
        return _shape(_numbered(session, asking, key, number))


def _numbered(session: Any, asking: Asking, key: str, number: int) -> ReleaseView:
    return releases.by_number(session, by=asking.by, at=asking.at, guide=asking.guide, key=key, number=number)


def _shape(release: ReleaseView) -> ReleaseShape:
    return ReleaseShape.model_validate(release.as_json())


def _beside(each: Beside) -> BesideShape:
    return BesideShape(title=each.title, before=each.before, after=each.after)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
