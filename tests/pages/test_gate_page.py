"""The gate's forms: asking, accepting checks, conditions, documents, and the outcome with its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from lifecycle.store.tables import Condition, EvidenceRevision, GateDecision, Waiver, WarningReason
from lifecycle.ui import cache
from lifecycle.vocabulary import Gate, Role
from tests import factories as make
from tests.pages.conftest import See, press, turn_to, words
from tests.screens import Screens

PARTS = "gate:parts:discovery"
SOON = (datetime.now(UTC) + timedelta(days=30)).date()


@pytest.fixture
def too_late(screens: Screens) -> Screens:
    """C01 fails: acting takes longer than the output looks ahead."""
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D14", {"horizon": "3 months", "kind": "at"})
        make.answer(session, screens.cast, screens.project_id, "D15", "6 months")
    return screens


def test_review_is_asked_for_and_not_without_a_person(see: See, screens: Screens) -> None:
    app = see("gate", screens.cast.pat, project=screens.project)
    bea = screens.cast[Role.BUSINESS]
    app.date_input(key="ask:business:due").set_value(SOON)
    app.text_area(key="ask:business:message").set_value("Before Thursday, please")
    app.selectbox(key="ask:business:person").set_value(bea.key)
    _submit(app, "Ask for the review", "ask:business")

    assert "Bea was asked as Business owner." in words(app)
    with screens.database.read() as session:
        (review,) = make.reviews_of(session, screens.project_id)
    assert (review.person_key, review.due_on, review.message) == (bea.key, SOON, "Before Thursday, please")
    # Asked already: nobody is left, and the page says why instead of offering a form.
    assert "Bea was asked on" in words(app)


def test_open_request_is_taken_back(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    app = see("gate", screens.cast.pat, project=screens.project)
    press(app, "Take back")
    assert "The request is taken back." in words(app)


def test_block_is_waived_by_the_role_it_names_with_mitigation_and_end(see: See, too_late: Screens) -> None:
    screens = too_late
    with screens.database.write() as session:
        make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    app = see("gate", screens.cast[Role.BUSINESS], project=screens.project)
    turn_to(app, PARTS, "Checks")
    app.text_area(key="waive:C01:main:mitigation").set_value("Sales plans a season ahead meanwhile")
    _submit(app, "Waive", "waive:C01:main")
    assert "Say until which day it holds" in words(app)
    assert app.text_area(key="waive:C01:main:mitigation").value == "Sales plans a season ahead meanwhile"

    app.date_input(key="waive:C01:main:until").set_value(SOON)
    _submit(app, "Waive", "waive:C01:main")
    with screens.database.read() as session:
        (waiver,) = session.exec(select(Waiver)).all()
    assert (waiver.check_id, waiver.expires_on) == ("C01", SOON)
    assert "In force" in words(app)


def test_product_manager_gives_the_reason_for_a_warning(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D16", [{"name": "Planners", "kind": "team"}])
        make.answer(session, screens.cast, screens.project_id, "D18", [])
    app = see("gate", screens.cast.pat, project=screens.project)
    turn_to(app, PARTS, "Checks")
    key = next(area.key for area in app.text_area if str(area.key).startswith("reason:C07"))
    app.text_area(key=key).set_value("The channel is agreed with planning in spring")
    _submit(app, "Give this reason", key.removesuffix(":text"))
    with screens.database.read() as session:
        (given,) = session.exec(select(WarningReason)).all()
    assert given.reason == "The channel is agreed with planning in spring"


def test_condition_is_added_and_met(see: See, screens: Screens) -> None:
    app = see("gate", screens.cast.pat, project=screens.project)
    turn_to(app, PARTS, "Conditions")
    app.text_input(key="condition:discovery:text").set_value("Agree on retention")
    press(app, "Add condition")
    assert "Say by when it has to be met." in words(app)

    app.selectbox(key="condition:discovery:owner").set_value(screens.cast.olu.key)
    app.date_input(key="condition:discovery:due").set_value(SOON)
    press(app, "Add condition")
    with screens.database.read() as session:
        (condition,) = session.exec(select(Condition)).all()
    app.text_area(key=f"meet:{condition.id}:proof").set_value("Minutes of Monday")
    press(app, "Record that it is met")
    assert "The condition is met." in words(app)


def test_document_is_listed_but_no_script(see: See, screens: Screens) -> None:
    app = see("gate", screens.cast.pat, project=screens.project)
    turn_to(app, PARTS, "Documents")
    app.text_input(key="evidence:link:title").set_value("Impact assessment")
    app.text_input(key="evidence:link:address").set_value("javascript:alert(1)")
    press(app, "Add link")
    assert "not a “javascript:” link" in words(app)

    app.text_input(key="evidence:link:address").set_value("https://example.org/dpia)")
    press(app, "Add link")
    with screens.database.read() as session:
        (link,) = session.exec(select(EvidenceRevision)).all()
    assert link.address == "https://example.org/dpia)"
    assert "https://example.org/dpia%29" in words(app)


def test_go_is_barred_with_the_reasons_beside_it(see: See, too_late: Screens) -> None:
    screens = too_late
    with screens.database.write() as session:
        make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, Role.BUSINESS)
    app = see("gate", screens.cast[Role.BUSINESS], project=screens.project)
    turn_to(app, PARTS, "Outcome")
    go = next(button for button in app.button if button.label == "Record go")
    assert go.disabled
    assert "The output looks 3 months ahead" in words(app)


def test_ready_gate_goes_and_the_project_moves(
    see: See, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "load_checked_guide", lambda folder: make.small_guide())
    cache.shipped_guide.cache_clear()
    everybody = replace(screens.cast, guide=make.small_guide())
    with screens.database.write() as session:
        make.ready(session, everybody, screens.project_id, Gate.DISCOVERY)
    app = see("gate", screens.cast[Role.BUSINESS], project=screens.project)
    turn_to(app, PARTS, "Outcome")
    reasons = words(app)
    go = next(button for button in app.button if button.label == "Record go")
    assert not go.disabled, reasons
    go.click().run()
    with screens.database.read() as session:
        (made,) = session.exec(select(GateDecision)).all()
    assert (made.gate, made.outcome, made.printed_name) == ("discovery", "go", "Bea")


def test_stop_needs_what_the_evidence_says(see: See, screens: Screens) -> None:
    app = see("gate", screens.cast.pat, project=screens.project)
    turn_to(app, PARTS, "Outcome")
    press(app, "Stop here")
    assert "Say why it is stopped." in words(app)

    app.text_area(key="stop:reason").set_value("No method beats the present forecast")
    press(app, "Stop here")
    assert "The project is stopped. What was learned stays." in words(app)


def test_send_back_needs_a_stage(see: See, screens: Screens) -> None:
    app = see("gate", screens.cast.pat, project=screens.project)
    turn_to(app, PARTS, "Outcome")
    app.text_area(key="recycle:reason").set_value("The problem was another one")
    press(app, "Send back")
    assert "Say to which stage the project goes back." in words(app)
    assert app.text_area(key="recycle:reason").value == "The problem was another one"


def _submit(app, label: str, form: str) -> None:  # type: ignore[no-untyped-def]
    """Press the submit button of one of several forms alike."""
    found = [button for button in app.button if button.label == label and button.form_id == form]
    assert len(found) == 1, [(button.label, button.form_id) for button in app.button]
    found[0].click().run()
