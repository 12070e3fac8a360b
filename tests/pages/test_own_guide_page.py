"""The organisation's own questions and thresholds on the settings page: in force for new projects, others move on."""

from __future__ import annotations

from decimal import Decimal

from streamlit.testing.v1 import AppTest

from lifecycle.actions import projects
from lifecycle.facts.own_guides import in_force
from lifecycle.guide import Guide
from lifecycle.rules.guide_changes import guide_changes
from lifecycle.ui import cache
from lifecycle.ui.views import own_guide
from lifecycle.vocabulary import Gate, Role, Stage
from tests.clock import START
from tests.pages.conftest import See, press, unfold, words
from tests.rules.building import guide as shipped
from tests.screens import Screens

NEW = "own:question:new"


def now(screens: Screens) -> Guide:
    with screens.database.read() as session:
        return in_force(session, cache.shipped_guide())


def write(app: AppTest, title: str) -> AppTest:
    app.text_input(key=f"{NEW}:title").set_value(title)
    app.text_input(key=f"{NEW}:question").set_value("Which cost centre pays for it?")
    return app


def test_question_added_on_screen_is_asked_of_new_projects_and_mended_without_a_new_version(
    see: See, screens: Screens
) -> None:
    app = unfold(see("settings", screens.cast.ada), "own:add")
    app.selectbox(key=f"{NEW}:type").set_value("choice").run()
    press(write(app, "Cost centre"), "Add it")
    assert "Choices: Write at least two choices" in words(app)

    app.text_area(key=f"{NEW}:choices").set_value("Ours\nTheirs")
    app.multiselect(key=f"{NEW}:rests_on:discovery").set_value(["discovery/business"])
    press(app, "Add it")
    guide = now(screens)
    assert guide.version == f"{shipped().version}+s1"
    field = guide.field("OWN1")
    assert (field.stage, field.gate, dict(field.choices)) == (
        Stage.DISCOVERY,
        Gate.DISCOVERY,
        {"ours": "Ours", "theirs": "Theirs"},
    )
    assert "OWN1" in guide.relied_on(Gate.DISCOVERY, Role.BUSINESS)
    assert "Cost centre is asked as OWN1. New projects go by version" in words(app)

    # A project begins with it; the one that was there before stays as it was.
    with screens.database.write() as session:
        projects.register(session, by=screens.cast.pat, at=START, guide=guide, name="Parcels")
    press(app, "Change")
    app.text_area(key="own:question:OWN1:choices").set_value("Our own\nTheirs")
    press(app, "Save the question")
    mended = now(screens)
    assert mended.version == guide.version
    assert dict(mended.field("OWN1").choices) == {"ours": "Our own", "theirs": "Theirs"}
    said = words(see("project", screens.cast.pat, project=screens.project))
    assert f"version {mended.version} is in force for new ones" in said

    press(see("settings", screens.cast.ada), "Remove it")
    assert "OWN1" not in now(screens).fields
    app = unfold(see("settings", screens.cast.ada), "own:add")
    press(write(app, "Helpdesk"), "Add it")
    last = now(screens)
    assert set(last.fields) - set(shipped().fields) == {"OWN2"}, "an id is not used again"
    assert [change.what for change in guide_changes(mended, last)][:2] == ["OWN1", "OWN2"]


def test_threshold_is_set_and_given_back(see: See, screens: Screens) -> None:
    app = see("settings", screens.cast.ada)
    app.selectbox(key="own:threshold").set_value("actionable_share").run()
    app.text_input(key="own:threshold:actionable_share").set_value("a lot")
    press(app, "Save the threshold")
    assert "Number: “a lot” is no number" in words(app)

    app.text_input(key="own:threshold:actionable_share").set_value("0,6")
    press(app, "Save the threshold")
    assert now(screens).number("actionable_share") == Decimal("0.6")
    assert "the guide says 0.5" in words(app)

    press(app, "As in the guide")
    assert now(screens) is cache.shipped_guide()


def test_own_role_is_written_on_screen_and_asked_for_at_its_gate(see: See, screens: Screens) -> None:
    form = "own:role:new"
    app = unfold(see("settings", screens.cast.ada), "own:add_role")
    app.text_input(key=f"{form}:title").set_value("Works council")
    press(app, "Add the role")
    assert "Gates: Choose at least one gate." in words(app)

    app.multiselect(key=f"{form}:gates").set_value(["discovery"]).run()
    app.multiselect(key=f"{form}:rests_on:discovery").set_value(["D01", "D03"])
    press(app, "Add the role")
    assert "Discovery: approves, tier 2 and above, resting on 2 answers" in words(app)
    guide = now(screens)
    assert guide.relied_on(Gate.DISCOVERY, Role.OWN_1) == ("D01", "D03")

    with screens.database.write() as session:
        projects.register(session, by=screens.cast.pat, at=START, guide=guide, name="Shifts")
    said = words(see("gate", screens.cast.pat, project="shifts", gate="discovery"))
    assert "Works council" in said
    assert "Works council" not in words(
        see("gate", screens.cast.pat, project=screens.project, gate="discovery")
    )
    app = see("people", screens.cast.ada, person=screens.cast.olu.key)
    assert "Works council" in app.multiselect(key=f"reviewing:{screens.cast.olu.key}").options


def test_every_threshold_of_the_guide_has_a_name_for_people() -> None:
    assert set(own_guide.THRESHOLDS) == set(shipped().thresholds)
    for name, title in own_guide.THRESHOLDS.items():
        assert title == name.replace("_", " ").capitalize()
