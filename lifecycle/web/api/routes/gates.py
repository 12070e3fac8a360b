"""Gates, as a delivery pipeline asks for them: open or not, and why; and what people decided at them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from lifecycle.language import say
from lifecycle.queries import gates
from lifecycle.queries.pipeline import PipelineGate, pipeline_gate
from lifecycle.store.database import Session
from lifecycle.vocabulary import Gate, Outcome, Stage
from lifecycle.web.api.asking import Asking, Reading
from lifecycle.web.api.problems import problem, problem_response, request_id_of
from lifecycle.web.api.shapes import BlockerShape, ProjectKey, Shape

router = APIRouter(tags=["Gates"])


class Policy(StrEnum):
    """What a blocker does to the status of the answer."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


class ModelVersion(Shape):
    asked: str | None
    signed: str | None


class GateShape(Shape):
    """The same as `python -m lifecycle gate --json` prints."""

    project: str
    gate: Gate
    policy: Policy
    ready: bool
    level: str
    weakest: str
    blockers: list[BlockerShape]
    model_version: ModelVersion


class GateLine(Shape):
    gate: Gate
    ready: bool
    level: str
    weakest: str
    blockers: int = Field(description="How many.")


class GatesShape(Shape):
    project: str
    items: list[GateLine]


class DecidedShape(Shape):
    """One outcome as it was recorded. `digest` is over the sign-offs that it rests on."""

    id: int
    outcome: Outcome
    reason: str
    to_stage: Stage | None = Field(description="Where the project was sent back to.")
    tier: int | None
    at: datetime
    printed_name: str
    digest: str


class DecisionsShape(Shape):
    """The newest first."""

    project: str
    gate: Gate
    items: list[DecidedShape]


@router.get("/projects/{key}/gates")
def list_gates(asking: Reading, key: ProjectKey) -> GatesShape:
    """Every gate in short."""
    with asking.read() as session:
        found = [_gate(session, asking, key, gate, None) for gate in Gate]
    return GatesShape(
        project=key,
        items=[
            GateLine(
                gate=each.gate,
                ready=each.ready,
                level=each.level,
                weakest=each.weakest,
                blockers=len(each.blockers),
            )
            for each in found
        ],
    )


@router.get(
    "/projects/{key}/gates/{gate}",
    response_model=GateShape,
    responses={
        409: problem_response("Not open, and the policy is block: the members of the answer stand beside")
    },
)
def read_gate(
    asking: Reading,
    key: ProjectKey,
    gate: Gate,
    request: Request,
    model_version: Annotated[
        str | None,
        Query(max_length=500, description="The version about to be deployed; one not signed blocks."),
    ] = None,
    policy: Annotated[
        Policy, Query(description="block: a gate that is not open answers 409, so that curl --fail fails.")
    ] = Policy.WARN,
) -> Any:
    """Whether a gate is open, with each blocker. 200 whatever the answer, unless the policy is block."""
    with asking.read() as session:
        found = _gate(session, asking, key, gate, model_version)
    content = {**found.as_json(), "policy": policy.value}
    return content if found.ready or policy is not Policy.BLOCK else _closed(request, content)


@router.get("/projects/{key}/gates/{gate}/decisions")
def list_decisions(asking: Reading, key: ProjectKey, gate: Gate) -> DecisionsShape:
    """What was decided at a gate, by whom and why. Deciding is for people, on the page of the gate."""
    with asking.read() as session:
        found = gates.decided(session, by=asking.by, at=asking.at, guide=asking.guide, key=key, gate=gate)
    names = DecidedShape.model_fields
    items = [DecidedShape(**{name: getattr(each, name) for name in names}) for each in found]
    return DecisionsShape(project=key, gate=gate, items=items)


def _closed(request: Request, content: dict[str, Any]) -> Response:
    reasons = " ".join(str(blocker["text"]) for blocker in content["blockers"][:3])
    detail = say(
        "The {gate} gate of {project} is not open. {reasons}",
        gate=content["gate"],
        project=content["project"],
        reasons=reasons,
    )
    return problem("gate-closed", 409, detail, request_id=request_id_of(request), **content)


def _gate(session: Session, asking: Asking, key: str, gate: Gate, model_version: str | None) -> PipelineGate:
    return pipeline_gate(
        session,
        by=asking.by,
        at=asking.at,
        guide=asking.guide,
        project_key=key,
        gate=gate,
        model_version=model_version,
        base_url=asking.house.settings.base_url,
    )
