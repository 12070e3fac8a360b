"""What the checks say about a project's answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from lifecycle.queries import checks
from lifecycle.vocabulary import CheckResult, Gate, Role, Severity
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.problems import problem_response
from lifecycle.web.api.shapes import ProjectKey, Shape

router = APIRouter(tags=["Checks"])


class CheckShape(Shape):
    """One branch of a check."""

    id: str
    branch: str
    title: str
    result: CheckResult
    severity: Severity = Field(description="At this gate, or what it will be from `first_gate` on.")
    is_enforced: bool
    first_gate: Gate
    blocks: bool
    sentences: list[str]
    fields: list[str]
    missing: list[str]
    waived_by: Role
    waived_until: str | None
    reason: str | None


class ChecksShape(Shape):
    """Gravest first."""

    project: str
    gate: Gate
    items: list[CheckShape]


@router.get("/projects/{key}/checks", responses={409: problem_response("The project has no gate before it")})
def read_checks(
    asking: Reading,
    key: ProjectKey,
    gate: Annotated[
        Gate | None, Query(description="Judged at this gate; without it at the current one.")
    ] = None,
) -> ChecksShape:
    """Every check as it stands on the answers of now."""
    with asking.read() as session:
        judged_at, found = checks.findings_at(
            session, by=asking.by, at=asking.at, guide=asking.guide, key=key, gate=gate
        )
    return ChecksShape(
        project=key,
        gate=judged_at,
        items=[
            CheckShape(
                id=each.check_id,
                branch=each.branch,
                title=each.title,
                result=each.result,
                severity=each.severity,
                is_enforced=each.is_enforced,
                first_gate=each.first_gate,
                blocks=each.blocks,
                sentences=list(each.sentences),
                fields=[place.key for place in each.places],
                missing=[place.key for place in each.missing],
                waived_by=each.waived_by,
                waived_until=each.waived_until or None,
                reason=each.reason or None,
            )
            for each in found
        ],
    )
