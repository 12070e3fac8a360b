"""Every page of mine in four situations: nothing there, a project under way, an address that leads nowhere,
and somebody who may not see it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.vocabulary import AnswerState, Decision, Gate, Role
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, turn_to, words
from tests.screens import Screens

PROJECT_PAGES = ("project", "sources", "gate", "history", "plan", "releases", "operation", "spreadsheets")
ADMINISTRATION = ("people", "audit", "deliveries", "settings")
NOWHERE = "This cannot be shown"


@pytest.fixture
def under_way(screens: Screens) -> Screens:
    """Orders with answers, a source, reviews in every state, a condition, a document and dates."""
    with screens.database.write() as session:
        everybody, project_id = screens.cast, screens.project_id
        source = make.source(session, everybody, project_id, "Vendor feed")
        make.answer(session, everybody, project_id, "D14", {"horizon": "3 months", "kind": "at"})
        make.answer(session, everybody, project_id, "D15", "6 months")
        make.answer(session, everybody, project_id, "X03", "vendor", source_id=source)
        make.answer(
            session,
            everybody,
            project_id,
            "D01",
            None,
            state=AnswerState.DONT_KNOW,
            owner=f"@{everybody.pat.key}",
            due_on=(START + timedelta(days=30)).date(),
        )
        make.sign(session, everybody, project_id, Gate.DISCOVERY, Role.TECHNOLOGY)
        make.sign(
            session,
            everybody,
            project_id,
            Gate.DISCOVERY,
            Role.BUSINESS,
            Decision.APPROVED_WITH_CONDITIONS,
            conditions=[("Agree on retention", everybody.pat.key, (START + timedelta(days=60)).date())],
        )
        make.ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
    return screens


def test_every_page_of_a_project_under_way_is_drawn(see: See, under_way: Screens) -> None:
    for page in ("home", "new-project", "guide", "notifications", "tokens", *PROJECT_PAGES):
        app = see(page, under_way.cast.pat, project=under_way.project)
        assert not app.exception, page
        assert NOWHERE not in words(app), page
    for gate in Gate:
        assert not see("gate", under_way.cast.pat, project=under_way.project, gate=gate.value).exception
    for page in ADMINISTRATION:
        assert not see(page, under_way.cast.ada).exception, page


def test_every_page_without_anything_says_the_next_step(see: See, screens: Screens) -> None:
    assert "Register a project" in words(see("home", screens.cast.ann))
    assert "Name every input" in words(see("sources", screens.cast.pat, project=screens.project))
    assert "Nothing is dated yet" in words(see("project", screens.cast.pat, project=screens.project))
    assert "No gate has a date yet" in words(see("plan", screens.cast.pat, project=screens.project))
    assert "Registered the project" in words(see("history", screens.cast.pat, project=screens.project))
    assert "No review was named" in words(see("review", screens.cast.pat))


@pytest.mark.parametrize("page", PROJECT_PAGES)
def test_unknown_project_is_refused_in_a_sentence(see: See, screens: Screens, page: str) -> None:
    app = see(page, screens.cast.pat, project="no-such-project")
    assert not app.exception
    assert "There is no project “no-such-project” that you can see" in words(app)


def test_unknown_review_and_person_are_refused_in_a_sentence(see: See, screens: Screens) -> None:
    assert "There is no review “999” that you can see" in words(see("review", screens.cast.pat, review="999"))
    assert "There is no person “nobody” that you can see" in words(
        see("people", screens.cast.ada, person="nobody")
    )


def test_somebody_without_a_role_sees_no_page_of_the_project(see: See, under_way: Screens) -> None:
    """The very words of an unknown project: that it exists is not told either."""
    for page in PROJECT_PAGES:
        app = see(page, under_way.cast.ann, project=under_way.project)
        assert f"There is no project “{under_way.project}” that you can see" in words(app), page
    with under_way.database.read() as session:
        review = make.reviews_of(session, under_way.project_id)[0]
    assert NOWHERE in words(see("review", under_way.cast.ann, review=str(review.id)))


@pytest.mark.parametrize("page", ADMINISTRATION)
def test_administration_is_no_page_for_others(see: See, screens: Screens, page: str) -> None:
    with pytest.raises(ValueError, match="not"):
        see(page, screens.cast.pat)


def test_contributor_reads_the_gate_but_finds_no_form_to_decide_it(see: See, under_way: Screens) -> None:
    app = see("gate", under_way.cast.olu, project=under_way.project)
    for part in ("Checks", "Conditions", "Documents", "Outcome"):
        turn_to(app, "gate:parts:discovery", part)
    assert {button.label for button in app.button}.isdisjoint(
        {"Ask for the review", "Waive", "Give this reason"}
    )
    assert next(button for button in app.button if button.label == "Record go").disabled
