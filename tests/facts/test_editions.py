"""A project is judged by the version of the guide that it began with, whichever version its caller passes."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle import actions, interchange, queries
from lifecycle.actions import answers, guides, outbox, threads
from lifecycle.errors import Conflict, NotFound, Refused
from lifecycle.facts.editions import edition, keep_edition
from lifecycle.facts.standing import stored_standing
from lifecycle.guide import Guide
from lifecycle.queries import messages, overview, worksheets
from lifecycle.queries.audit import check_standing
from lifecycle.queries.guide_preview import preview
from lifecycle.queries.guide_versions import upgrade_of
from lifecycle.queries.my_work import my_work
from lifecycle.queries.plans import Observed
from lifecycle.queries.roadmap import roadmap
from lifecycle.store.database import Database
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Gate, Role, SignOffStatus
from tests import factories
from tests.clock import START
from tests.rules.building import guide as shipped

LATER = START + timedelta(hours=1)
ABOUT_A_PROJECT = {
    "project_id",
    "key",
    "project_key",
    "review_id",
    "sign_off_id",
    "condition_id",
    "waiver_id",
    "evidence_id",
    "monitor_id",
    "incident_id",
    "release_id",
}
# These are about a project and take the guide in force: what it is to go by from now on, or many projects at once.
NOT_BY_ITS_OWN = {
    "actions.projects.adopt",
    "actions.projects.map_stage",
    "actions.copies.copy_project",
    "actions.guides.upgrade",
    "actions.delegations.give",
    "actions.signing.facts_now",
    "actions.projects.record_change",  # called with what its caller goes by
    "queries.elsewhere.of_project",
    "queries.gates.decided",  # reads the names of people and gates in it, no question
    "queries.guide_versions.upgrade_of",
}


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for ring in (actions, queries, interchange):
        for module in pkgutil.iter_modules(ring.__path__, f"{ring.__name__}."):
            for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
                if function.__module__ == module.name and not name.startswith("_"):
                    yield f"{module.name.removeprefix('lifecycle.')}.{name}", function


def test_whatever_is_about_one_project_goes_by_its_guide() -> None:
    unmarked = {
        name
        for name, function in _functions()
        if {"guide", "session"} <= set(inspect.signature(function).parameters)
        and ABOUT_A_PROJECT & set(inspect.signature(function).parameters)
        and not hasattr(function, "__wrapped__")
    }
    assert unmarked == NOT_BY_ITS_OWN, "mark it with @by_its_guide, or say above why not"


def _next(**changes: Any) -> Guide:
    """Version 2: D18 is gone, D09 is asked anew, and technology rests at Discovery on D13 as well."""
    small = factories.small_guide()
    plain = small.model_dump()
    plain["version"] = "2"
    for sheet in plain["worksheets"]:
        sheet["fields"] = [item for item in sheet["fields"] if item["id"] != "D18"]
        if sheet["stage"] == "discovery":
            asked = shipped().field("D03").model_dump()
            sheet["fields"].append({**asked, "id": "D93"})
            sheet["sections"] = shipped().worksheet(sheet["stage"]).model_dump()["sections"]
    for specs in plain["policy"]["gates"].values():
        for spec in specs:
            spec["evidence"] = tuple(each for each in spec["evidence"] if each != "D18")
            if spec["role"] is Role.TECHNOLOGY:
                spec["evidence"] += ("D93",)
    roles = plain["policy"]["role_fields"]
    plain["policy"]["role_fields"] = {
        role: tuple(each for each in ids if each != "D18") for role, ids in roles.items()
    }
    return Guide.model_validate({**plain, **changes})


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


@pytest.fixture
def cast(session: Session) -> factories.Cast:
    return factories.cast(session, factories.small_guide())


def _save(
    session: Session, cast: factories.Cast, guide: Guide, project_id: int, field_id: str, raw: Any
) -> None:
    answers.save(
        session,
        by=cast.pat,
        at=LATER,
        guide=guide,
        project_id=project_id,
        field_id=field_id,
        raw=raw,
        base=None,
    )


def test_a_kept_version_is_what_it_was(session: Session, cast: factories.Cast) -> None:
    factories.project(session, cast)
    newer = _next()
    found = edition(session, newer, "1")
    assert found.digest == cast.guide.digest
    assert edition(session, newer, "1") is found, "judged again and again: the same object each time"
    assert edition(session, newer, "2") is newer
    assert edition(session, newer, "never seen") is newer


def test_whole_shipped_guide_is_kept_without_loss(session: Session) -> None:
    keep_edition(session, shipped(), START)
    newer = shipped().model_copy(update={"version": "2"})
    found = edition(session, newer, shipped().version)
    assert found.digest == shipped().digest
    for field_id, field in shipped().fields.items():
        kept = found.field(field_id)
        assert [list(part.choices) for part in kept.columns] == [list(part.choices) for part in field.columns]


def test_project_goes_on_by_the_version_it_began_with(session: Session, cast: factories.Cast) -> None:
    old = factories.project(session, cast)
    newer = _next()
    new = factories.project(session, factories.replaced(cast, newer), "Returns")
    _save(session, cast, newer, old, "D18", [])
    factories.sign(session, cast, old, Gate.DISCOVERY, Role.TECHNOLOGY, at=LATER)

    with pytest.raises(NotFound):
        _save(session, cast, newer, old, "D93", "Which vans go")
    _save(session, cast, newer, new, "D93", "Which vans go")
    with pytest.raises(NotFound):
        _save(session, cast, newer, new, "D18", [])

    seen = overview.overview(session, by=cast.pat, at=LATER, guide=newer, key="orders")
    assert _status(seen, Role.TECHNOLOGY) is SignOffStatus.SIGNED
    assert list(check_standing(session, by=cast.ada, at=LATER, guide=newer)) == []
    assert my_work(session, by=cast[Role.TECHNOLOGY], at=LATER, guide=newer).stale == ()


def test_upgrade_says_beforehand_what_it_does_and_then_does_that(
    session: Session, cast: factories.Cast
) -> None:
    project_id = factories.project(session, cast)
    _save(session, cast, cast.guide, project_id, "D18", [])
    made = factories.sign(session, cast, project_id, Gate.DISCOVERY, Role.TECHNOLOGY, at=LATER)
    newer = _next()
    before = stored_standing(session, project_id)

    shown = upgrade_of(session, by=cast.pat, at=LATER, guide=newer, key="orders")
    assert shown is not None
    assert {change.what for change in shown.changes if change.kind == "question"} == {"D18", "D93"}
    assert [each.sign_off_id for each in shown.effect.stale] == [made]
    assert shown.left_behind == (cast.guide.field("D18").title,)
    assert stored_standing(session, project_id) == before
    everywhere = preview(session, by=cast.ada, at=LATER, guide=cast.guide, candidate=newer)
    assert [each.effect for each in everywhere.projects] == [shown.effect]

    with pytest.raises(Conflict):
        guides.upgrade(
            session, by=cast.pat, at=LATER, guide=newer, project_id=project_id, to_digest=cast.guide.digest
        )
    given = {"by": cast.pat, "at": LATER, "guide": newer, "project_id": project_id}
    guides.upgrade(session, **given, to_digest=shown.digest)

    assert session.get_one(Project, project_id).guide_version == "2"
    seen = overview.overview(session, by=cast.pat, at=LATER, guide=newer, key="orders")
    assert _status(seen, Role.TECHNOLOGY) is SignOffStatus.STALE
    assert (0, "D18") in worksheets.sheet(session, project_id=project_id).answers
    assert upgrade_of(session, by=cast.pat, at=LATER, guide=newer, key="orders") is None
    assert list(check_standing(session, by=cast.ada, at=LATER, guide=newer)) == []
    with pytest.raises(Refused, match="already"):
        guides.upgrade(session, **given, to_digest=shown.digest)


def test_what_is_mended_under_one_number_counts_for_all_projects_of_it(
    session: Session, cast: factories.Cast
) -> None:
    project_id = factories.project(session, cast)
    mended = _next(version="1")
    guides.keep(session, by=cast.ada, at=LATER, guide=mended)
    _save(session, cast, mended, project_id, "D93", "Which vans go")
    newest = _next(version="3")
    assert edition(session, newest, "1").digest == mended.digest


def _status(seen: overview.ProjectOverview, role: Role) -> SignOffStatus | None:
    return next(step.status for step in seen.roles if step.role is role)


def test_roadmap_asks_whom_the_project_s_own_version_asks(session: Session, cast: factories.Cast) -> None:
    project_id = factories.project(session, cast)
    factories.ask(session, cast, project_id, Gate.DISCOVERY, Role.PRIVACY)
    keep_edition(session, cast.guide, START)
    plain = _next().model_dump()
    plain["policy"]["gates"][Gate.DISCOVERY] = [
        spec for spec in plain["policy"]["gates"][Gate.DISCOVERY] if spec["role"] is not Role.PRIVACY
    ]
    later = Guide.model_validate(plain)
    found = roadmap(session, by=cast.pat, today=START.date(), guide=later, observed=Observed((), ()))

    assert later.review(Gate.DISCOVERY, Role.PRIVACY) is None
    assert Role.PRIVACY in {ask.role for _, ask in found.asks}


def test_message_names_a_question_as_the_project_s_own_version_does(
    session: Session, cast: factories.Cast
) -> None:
    project_id = factories.project(session, cast)
    factories.ask(session, cast, project_id, Gate.DISCOVERY, Role.PRIVACY)
    keep_edition(session, cast.guide, START)
    threads.ask(
        session,
        by=cast[Role.PRIVACY],
        at=LATER,
        guide=cast.guide,
        project_id=project_id,
        field_id="D18",
        text="Why?",
    )
    outbox.take_up(session, at=LATER + timedelta(minutes=5), has_mail=False)
    told = messages.notices(session, person_key=cast.pat.key, guide=_next(), at=LATER + timedelta(minutes=5))

    assert "D18" not in _next().fields
    assert any(cast.guide.field("D18").title in line.title for line in told)
