"""Guides side by side: a project is judged by the version of the guide that it began with.

The version in force comes from the files and is what everybody passes on. Whatever is about one project and takes a
guide is marked `@by_its_guide` and gets that project's own instead; whatever is about many asks `guides_of`.

A version is told by the number in guide.yaml. What the files say under one number may be mended, and counts for all
projects of that number; the newest content of each number is kept in the database when a project begins with it and
whenever a server starts. A version of which nothing was kept is taken to be the one in force.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError
from sqlalchemy import Select, bindparam, select
from sqlmodel import Session

from lifecycle.facts.projects import load_many
from lifecycle.guide import Guide
from lifecycle.rules.checks.reading import RULES
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.store.base import metadata
from lifecycle.store.tables import GuideEdition

P = ParamSpec("P")
T = TypeVar("T")

_PROJECT = metadata.tables["project"]
_EDITION = metadata.tables["guide_edition"]
_MANY = 500  # ids in one IN (…)


def _version_of(table: str) -> Select[Any]:
    rows = metadata.tables[table].c
    about = select(rows.project_id).where(rows.id == bindparam("named")).scalar_subquery()
    return select(_PROJECT.c.guide_version).where(_PROJECT.c.id == about)


# By the argument that says which project something is about. Built once: asked before nearly everything.
_VERSIONS: Mapping[str, Select[Any]] = {
    "monitor_id": _version_of("monitor"),
    "incident_id": _version_of("incident"),
    "release_id": _version_of("release"),
    "project_id": select(_PROJECT.c.guide_version).where(_PROJECT.c.id == bindparam("named")),
    "key": select(_PROJECT.c.guide_version).where(_PROJECT.c.key == bindparam("named")),
    "project_key": select(_PROJECT.c.guide_version).where(_PROJECT.c.key == bindparam("named")),
    "review_id": _version_of("review"),
    "sign_off_id": _version_of("sign_off"),
    "condition_id": _version_of("condition"),
    "waiver_id": _version_of("waiver"),
    "evidence_id": _version_of("evidence"),
}
_CONTENT = select(_EDITION.c.digest, _EDITION.c.content).where(_EDITION.c.version == bindparam("version"))


def by_its_guide(function: Callable[P, T]) -> Callable[P, T]:
    """For a function about one project: `guide` is that of the project, whichever its caller passes."""
    about = next(name for name in inspect.signature(function).parameters if name in _VERSIONS)

    @wraps(function)
    def judged(*positional: P.args, **named: P.kwargs) -> T:
        session = positional[0] if positional else named.get("session")
        guide = named.get("guide")
        if isinstance(session, Session) and isinstance(guide, Guide):
            session.flush()
            version = session.connection().execute(_VERSIONS[about], {"named": named.get(about)}).scalar()
            named["guide"] = edition(session, guide, version)
        return function(*positional, **named)

    return judged


def edition(session: Session, guide: Guide, version: str | None) -> Guide:
    """The guide of this version, in the language spoken now: `guide`, which is in force, or one that was kept."""
    if version is None or version == guide.version:
        return guide.here()
    kept = session.connection().execute(_CONTENT, {"version": version}).one_or_none()
    if kept is None:
        return guide.here()
    return (_read(kept.digest, kept.content, _Frozen(guide.as_written)) or guide).here()


def guides_of(session: Session, guide: Guide, project_ids: Sequence[int]) -> dict[int, Guide]:
    """The guide of each of these projects."""
    session.flush()
    found: dict[int, Guide] = {}
    known: dict[str, Guide] = {}
    for start in range(0, len(project_ids), _MANY):
        rows = session.connection().execute(
            select(_PROJECT.c.id, _PROJECT.c.guide_version).where(
                _PROJECT.c.id.in_(project_ids[start : start + _MANY])
            )
        )
        for project_id, version in rows.all():
            if version not in known:
                known[version] = edition(session, guide, version)
            found[project_id] = known[version]
    return found


def load_by_guide(
    session: Session, project_ids: Sequence[int], *, today: date, guide: Guide
) -> Iterator[tuple[Guide, dict[int, ProjectFacts]]]:
    """The facts of several projects, for each guide that any of them goes by."""
    guides = guides_of(session, guide, project_ids)
    for own in _each(guides.values()):
        ids = [project_id for project_id in project_ids if guides.get(project_id) is own]
        yield own, load_many(session, ids, today=today, guide=own)


def facts_of(
    session: Session, project_ids: Sequence[int], *, today: date, guide: Guide
) -> dict[int, ProjectFacts]:
    """The facts of several projects, each read with its own guide."""
    return {
        project_id: facts
        for _, found in load_by_guide(session, project_ids, today=today, guide=guide)
        for project_id, facts in found.items()
    }


def _each(guides: Iterable[Guide]) -> list[Guide]:
    found: list[Guide] = []
    for guide in guides:
        if not any(guide is known for known in found):
            found.append(guide)
    return found


# ------------------------------------------------------------------ keeping


def is_kept(session: Session, guide: Guide) -> bool:
    """Whether the database has this content under this version."""
    kept = session.connection().execute(_CONTENT, {"version": guide.version}).one_or_none()
    return kept is not None and kept.digest == guide.digest


def keep_edition(session: Session, guide: Guide, at: datetime) -> None:
    """Keep the content of a guide under its version; the next event vouches for the row."""
    if is_kept(session, guide):
        return
    row = session.get(GuideEdition, guide.version)
    if row is None:
        row = GuideEdition(version=guide.version, digest="", content="", kept_at=at)
        session.add(row)
    row.digest, row.kept_at = guide.digest, at
    # In the order of the files: that of questions and choices is what people see.
    row.content = json.dumps(guide.as_written.model_dump(mode="json"), ensure_ascii=False)
    session.flush()


class _Frozen:
    """The guide in force as part of a cache's key: the same object is the same key."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other.guide is self.guide

    def __hash__(self) -> int:
        return id(self.guide)


@lru_cache(maxsize=32)
def _read(digest: str, content: str, now: _Frozen) -> Guide | None:
    """A kept guide as this version of the program can judge by it; None when it cannot be read any more.

    A check whose rule is gone is not asked; a threshold that came later is as it is now.
    """
    parts = json.loads(content)
    try:
        kept = Guide.model_validate(parts)
    except ValidationError:
        return None
    checks = tuple(
        check for check in kept.checks if all((check.id, branch.id) in RULES for branch in check.branches)
    )
    thresholds = {**now.guide.thresholds, **kept.thresholds}
    return kept.model_copy(update={"checks": checks, "thresholds": thresholds})
