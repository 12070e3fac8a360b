"""The gate as a delivery pipeline asks for it: open or not, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlmodel import Session

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries.projects import head
from lifecycle.rules.readiness import readiness
from lifecycle.rules.releases import other_version, signed_version
from lifecycle.vocabulary import Actor, Area, Blocker, Gate

# A check may also name what is no question: a document, or the list of data sources.
_QUESTION = re.compile(r"[A-Z]+\d+")


@dataclass(frozen=True, slots=True)
class PipelineGate:
    """One answer to "may this be deployed?". `blockers` are those of the gate's own page, word for word."""

    project: str
    gate: Gate
    ready: bool
    level: str
    weakest: str
    blockers: tuple[Blocker, ...]
    version_asked: str | None
    version_signed: str | None
    base_url: str

    def as_json(self) -> dict[str, object]:
        return {
            "project": self.project,
            "gate": self.gate.value,
            "ready": self.ready,
            "level": self.level,
            "weakest": self.weakest,
            "blockers": [self._blocker(blocker) for blocker in self.blockers],
            "model_version": {"asked": self.version_asked, "signed": self.version_signed},
        }

    def _blocker(self, blocker: Blocker) -> dict[str, object]:
        return {
            "code": blocker.code,
            "severity": blocker.severity.value,
            "area": blocker.area.value if blocker.area else None,
            "text": blocker.text,
            "fields": list(blocker.fields),
            "role": blocker.role.value if blocker.role else None,
            "url": self._url(blocker),
        }

    def _url(self, blocker: Blocker) -> str:
        """The page where it is mended: the question on its worksheet, else the gate."""
        field = blocker.fields[0].split("@")[0] if blocker.fields else ""
        if _QUESTION.fullmatch(field) and blocker.area in (Area.ANSWERS, Area.CHECKS, None):
            page = "sources" if field.startswith("X") else "worksheet"
            return f"{self.base_url}/{page}?{urlencode({'project': self.project, 'field': field})}"
        return f"{self.base_url}/gate?{urlencode({'project': self.project, 'gate': self.gate.value})}"


@by_its_guide
def pipeline_gate(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_key: str,
    gate: Gate,
    model_version: str | None,
    base_url: str,
) -> PipelineGate:
    """Raises NotFound for a project that does not exist or that this actor may not read."""
    project = head(session, key=project_key, by=by)
    known = known_project(session, project.id, guide=guide, today=organisation_today(session, at))
    facts, state = known.facts, readiness(known.facts, guide, gate, known.basis)
    found = (*_not_here(project.is_adopted), *state.blockers)
    signed = signed_version(facts)
    if model_version is not None and model_version != signed:
        found = (other_version(model_version, signed), *found)
    return PipelineGate(
        project=project.key,
        gate=gate,
        ready=not found,
        level=state.level.value if project.is_adopted else "not_assessed",
        weakest=state.weakest.value,
        blockers=found,
        version_asked=model_version,
        version_signed=signed,
        base_url=base_url,
    )


def _not_here(is_adopted: bool) -> tuple[Blocker, ...]:
    if is_adopted:
        return ()
    return (
        Blocker("project:not_adopted", say("This project comes from a register and is not assessed here.")),
    )
