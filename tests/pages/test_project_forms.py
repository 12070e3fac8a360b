"""The forms about a project: new project, its overview, data sources, plan. One goes through, one is refused."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from lifecycle.actions import gates, people, projects
from lifecycle.queries import people as people_queries
from lifecycle.queries.worksheets import sources
from lifecycle.store.tables import Project, TargetDate
from lifecycle.vocabulary import Role
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, press, unfold, words
from tests.screens import Screens

# ---------------------------------------------------------------- new project


def test_new_project_is_registered_and_opens_its_first_worksheet(see: See, screens: Screens) -> None:
    app = see("new-project", screens.cast.ann)
    app.text_input(key="new_project:name").set_value("Churn early warning")
    app.text_area(key="new_project:purpose").set_value("Tell account managers who is about to leave.")
    press(app, "Register project")

    assert not app.exception
    assert app.title[0].value == "Discovery worksheet"
    with screens.database.read() as session:
        made = session.exec(select(Project).where(Project.key == "churn-early-warning")).one()
        held = people_queries.memberships(session, project_id=made.id)
    assert [(one.person_name, one.role) for one in held] == [("Ann", Role.PRODUCT_MANAGER)]


def test_new_project_without_a_name_is_refused_and_keeps_what_was_typed(see: See, screens: Screens) -> None:
    app = see("new-project", screens.cast.pat)
    app.text_area(key="new_project:purpose").set_value("Something worth keeping")
    press(app, "Register project")

    assert "Give the project a name." in words(app)
    assert app.text_area(key="new_project:purpose").value == "Something worth keeping"
    with screens.database.read() as session:
        assert len(session.exec(select(Project)).all()) == 1


def test_new_project_like_another_is_shown_it_once(see: See, screens: Screens) -> None:
    app = see("new-project", screens.cast.pat)
    app.text_input(key="new_project:name").set_value("The orders")
    press(app, "Register project")
    assert "Is it one of these?" in words(app)
    with screens.database.read() as session:
        assert len(session.exec(select(Project)).all()) == 1

    press(app, "Register project")
    with screens.database.read() as session:
        assert {row.name for row in session.exec(select(Project))} == {"Orders", "The orders"}


# ---------------------------------------------------------------- overview


def test_overview_edit_refuses_a_stale_copy_and_shows_both(see: See, screens: Screens) -> None:
    app = see("project", screens.cast.pat, project=screens.project)
    unfold(app, "about:edit")
    field = f"edit:{screens.project_id}:purpose"
    with screens.database.write() as session:
        projects.edit(
            session,
            by=screens.cast.pat,
            at=START,
            project_id=screens.project_id,
            name="Orders",
            purpose="Written meanwhile",
            organisation="Sales",
            base=1,
        )
    app.text_area(key=field).set_value("Mine")
    press(app, "Save")
    assert "Somebody else changed this project since you opened it" in words(app)
    assert "Written meanwhile" in words(app)
    assert app.text_area(key=field).value == "Mine"

    press(app, "Save")
    with screens.database.read() as session:
        assert session.exec(select(Project)).one().purpose == "Mine"


def test_role_goes_only_to_somebody_on_the_list(see: See, screens: Screens) -> None:
    app = see("project", screens.cast.pat, project=screens.project)
    unfold(app, "about:people")
    app.selectbox(key="give:person").set_value(screens.cast.ann.key)
    app.selectbox(key="give:role").set_value(Role.PRIVACY.value)
    press(app, "Give role")
    assert "Ann is not on the list for Privacy" in words(app)

    app.selectbox(key="give:role").set_value(Role.READER.value)
    press(app, "Give role")
    assert "is Reader now" in words(app)


def test_last_product_manager_keeps_the_role(see: See, screens: Screens) -> None:
    app = see("project", screens.cast.pat, project=screens.project)
    unfold(app, "about:people")
    take = f"take:{screens.cast.pat.key}:{Role.PRODUCT_MANAGER}"
    app.button(key=take).click().run()
    assert "Name another product manager first" in words(app)


def test_archived_project_can_be_restored(see: See, screens: Screens) -> None:
    app = see("project", screens.cast.pat, project=screens.project)
    unfold(app, "about:archive")
    press(app, "Archive this project")
    assert "This project is archived. Restore it" in words(app)
    press(app, "Restore this project")
    assert "The project is back as it was." in words(app)


def test_findings_of_the_checks_stand_on_the_overview(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D14", {"horizon": "3 months", "kind": "at"})
        make.answer(session, screens.cast, screens.project_id, "D15", "6 months")
        make.answer(session, screens.cast, screens.project_id, "D24", {"people": "1200", "sites": "3"})
        make.answer(session, screens.cast, screens.project_id, "R16", [])
    app = see("project", screens.cast.pat, project=screens.project)
    unfold(app, "blockers:more")
    said = [str(line.value).replace("\\", "") for line in app.markdown]
    too_late = _position(said, "The output looks 3 months ahead, but acting on it takes 6 months")
    untrained = _position(said, "1,200 people must know how to use this and no training is planned")
    assert max(too_late, untrained) < _position(said, "has no answer")


def _position(lines: list[str], words: str) -> int:
    return next(number for number, line in enumerate(lines) if words in line)


# ---------------------------------------------------------------- data sources and plan


def test_overview_says_who_set_the_tier_and_who_agreed_to_a_lower_one(see: See, screens: Screens) -> None:
    database, cast, project_id = screens.database, screens.cast, screens.project_id
    with database.write() as session:
        make.answer(session, cast, project_id, "D12", "decides_alone")
        make.answer(session, cast, project_id, "D13", {"affected": "public", "undo": "never"})
        make.answer(session, cast, project_id, "R21", {"tier": "2", "why": "A second person looks at each"})
    said = words(see("project", cast.pat, project=screens.project))
    assert "Answered by Pat on 2026-03-02: “A second person looks at each”" in said
    assert "an approver of level 4 has to agree" in said

    with database.write() as session:
        people.give_project_role(
            session,
            by=cast.pat,
            at=START,
            project_id=project_id,
            person_key=cast.ann.key,
            role=Role.APPROVER,
        )
        gates.choose_tier(
            session,
            by=cast[Role.APPROVER],
            at=START,
            guide=cast.guide,
            project_id=project_id,
            tier=2,
            reason="Nothing leaves the house",
        )
    said = words(see("project", cast.pat, project=screens.project))
    assert (
        "Ann agreed to tier 2 where the points proposed 4, on 2026-03-02: “Nothing leaves the house”" in said
    )
    assert "has to agree" not in said


def test_source_is_added_renamed_removed_and_brought_back(see: See, screens: Screens) -> None:
    app = see("sources", screens.cast.pat, project=screens.project)
    app.text_input(key="sources:new").set_value("Vendor feed")
    press(app, "Add")
    assert "Vendor feed" in [header.value for header in app.header]
    assert app.text_input(key="sources:new:1").value == "", "ready for the next one"

    with screens.database.read() as session:
        (source,) = sources(session, project_id=screens.project_id)
    app.text_input(key=f"rename:{source.id}:name").set_value("Price feed")
    press(app, "Rename")
    press(app, "Remove this source")
    with screens.database.read() as session:
        assert sources(session, project_id=screens.project_id) == ()
    press(app, "Bring back")
    with screens.database.read() as session:
        assert [one.name for one in sources(session, project_id=screens.project_id)] == ["Price feed"]


def test_second_source_of_the_same_name_is_refused(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        make.source(session, screens.cast, screens.project_id, "Vendor feed")
    app = see("sources", screens.cast.pat, project=screens.project)
    app.text_input(key="sources:new").set_value("vendor feed")
    press(app, "Add")
    assert "There is a data source called “vendor feed” already." in words(app)
    assert app.text_input(key="sources:new").value == "vendor feed"


def test_gate_is_planned_for_a_day_to_come_and_for_no_past_one(see: See, screens: Screens) -> None:
    app = see("plan", screens.cast.pat, project=screens.project)
    past = (START - timedelta(days=700)).date()
    coming = (START + timedelta(days=3000)).date()
    app.date_input(key="plan:design:None").set_value(past)
    _set_button(app, 2).click().run()
    assert f"{past} has passed" in words(app)

    app.date_input(key="plan:design:None").set_value(coming)
    _set_button(app, 2).click().run()
    with screens.database.read() as session:
        assert [row.on_date for row in session.exec(select(TargetDate))] == [coming]


def test_proposed_dates_are_taken_over_and_another_go_live_shows_what_would_move(
    see: See, screens: Screens
) -> None:
    go_live = (START + timedelta(days=3000)).date()
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D37", go_live.isoformat())
    app = see("plan", screens.cast.pat, project=screens.project)
    press(app, "Set the proposed dates")
    with screens.database.read() as session:
        found = {row.gate: row.on_date for row in session.exec(select(TargetDate))}
    assert found["launch"] == go_live
    assert list(found) == sorted(found, key=lambda gate: found[gate])
    assert set(found) == {"discovery", "feasibility", "design", "model", "launch"}

    app.date_input(key=f"plan:{screens.project_id}:try").set_value(go_live + timedelta(days=7))
    press(app, "Show what moves")
    assert "no review is too late" in words(app)
    assert any("+7 days" in str(table.value) for table in app.table)
    with screens.database.read() as session:
        assert {row.gate: row.on_date for row in session.exec(select(TargetDate))} == found


def _set_button(app, position: int):  # type: ignore[no-untyped-def]
    return [button for button in app.button if button.label == "Set"][position]
