"""The portfolio's pages and the import, run in this process: for nobody's projects, an example, and strangers."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from lifecycle import language
from lifecycle.actions import projects
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.language import Catalogue
from lifecycle.store.tables import Project, ProjectPast, SavedMapping
from lifecycle.vocabulary import Gate, Level, ProjectStatus, Role, SignOffStatus
from tests.clock import START
from tests.rules.building import guide
from tests.screens import Screens
from tests.standings import assessed, listed
from tests.ui.conftest import OpenPage

PAGES = ("portfolio", "roadmap", "portfolio-reviews", "early-planning", "activity")
WAITING = SignOffStatus.WAITING


def texts(app: object) -> str:
    """All Markdown on the page, escapes taken out."""
    said = [*app.markdown, *app.caption]  # type: ignore[attr-defined]
    return " ".join(element.value for element in said).replace("\\", "")  # type: ignore[attr-defined]


def fill(session: Session) -> None:
    """Four more assessed projects beside Orders, and three from a register."""
    assessed(
        session, "Basket", gate=Gate.DESIGN, level=Level.BLOCKED, days=40, causes={"checks": 1}, debt=4, index=500,
        roles={Role.PRIVACY: (WAITING, 41), Role.LEGAL: (SignOffStatus.SIGNED, 3)},
    )  # fmt: skip
    assessed(session, "Lifts", gate=Gate.LAUNCH, level=Level.READY, index=900, tier=2)
    assessed(session, "Voice", level=Level.BLOCKED, status=ProjectStatus.STOPPED)
    assessed(session, "<b>Claims</b> *today*", level=Level.WAITING, roles={Role.LEGAL: (WAITING, 2)})
    listed(session, "Reader")
    listed(session, "Sorter", gate=None, status=ProjectStatus.ACTIVE)
    listed(session, "Stacker", gate=None, status=ProjectStatus.ACTIVE)


@pytest.fixture
def filled(screens: Screens) -> Screens:
    with screens.database.write() as session:
        fill(session)
    return screens


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("person", ["Ada", "Pat"])
def test_page_draws_with_an_example(filled: Screens, open_page: OpenPage, page: str, person: str) -> None:
    app = open_page(page, as_=person)

    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_page_of_somebody_without_projects_says_what_to_do_next(
    filled: Screens, open_page: OpenPage, page: str
) -> None:
    with filled.database.write() as session:
        projects.archive(session, by=filled.cast.ada, at=START, project_id=filled.project_id)
    app = open_page(page, as_="Olu")

    assert not app.exception
    if page != "activity":  # what happened to an archived project is still told
        assert [button.label for button in app.button if button.label == "Register a project"]


def test_overview_says_what_is_stuck_on_whom_and_since_when(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    said = texts(app)

    assert "Of 4 running projects, 1 is blocked, 1 waits for nothing but sign-offs and 1 is ready" in said
    assert "Stuck longest: Basket, blocked" in said
    assert "wait is Basket’s for privacy" in said or "Basket the longest" in said
    assert "3 more come from registers" not in said  # the switch says so: only what is assessed here is shown
    charts = [element.proto.alt for element in app.get("plotly_chart")]
    assert len(charts) == 3
    assert all(charts)


def test_overview_of_a_member_tells_nothing_of_other_projects(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Pat")
    shown = texts(app) + str([frame.value.to_dict() for frame in app.dataframe])

    assert "Orders" in shown
    assert "Basket" not in shown
    assert "Reader" not in shown


def test_overview_shows_registers_when_asked(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    app.radio(key="show").set_value("register").run()

    assert not app.exception
    assert "3 projects come from registers and are not assessed here yet" in texts(app)


def test_filter_narrows_figures_charts_and_table(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    app.selectbox(key="standing").set_value("blocked").run()

    table = app.dataframe[-1].value
    assert list(table["Project"]) == ["Basket", "Voice"]
    assert "Of 1 running project, 1 is blocked" in texts(app)
    next(button for button in app.button if button.label == "Clear").click().run()
    assert len(app.dataframe[-1].value) == 5


@pytest.mark.parametrize("word", ["Blocked", "Bloqué"])
def test_address_with_a_filter_means_the_same_in_every_language(
    filled: Screens, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    languages = {"fr": Catalogue("fr", {"Blocked": "Bloqué"})}
    monkeypatch.setattr(language, "catalogue", lambda code: languages.get(code, Catalogue("en")))
    app = open_page("portfolio", standing=word, as_="Ada")

    assert app.selectbox(key="standing").value == "blocked"
    assert list(app.dataframe[-1].value["Project"]) == ["Basket", "Voice"]


def test_filter_that_matches_nothing_offers_a_way_back(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    app.text_input(key="find").set_value("no such thing").run()

    assert [info.value for info in app.info] == ["No project matches these filters."]
    app.button(key="show_all").click().run()
    assert len(app.dataframe[-1].value) == 5


def test_thousands_of_projects_are_shown_by_organisation_and_open(
    filled: Screens, open_page: OpenPage
) -> None:
    with filled.database.write() as session:
        for number in range(60):
            listed(session, f"Item{number}", organisation=f"Office {number % 3}")
    app = open_page("portfolio", as_="Ada")
    app.radio(key="show").set_value("register").run()

    by_organisation = app.dataframe[0].value
    assert sorted(by_organisation["Organisation"]) == ["Harbour", "Office 0", "Office 1", "Office 2"]
    app.selectbox(key="unit").set_value("Office 1").run()
    assert "Project" in app.dataframe[0].value
    assert "20 projects come from registers" in texts(app)


def test_roles_lens_shows_roles(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    app.radio(key="by").set_value("Roles").run()

    assert list(app.dataframe[0].value)[1:4] == ["Business", "Technology", "Privacy"]
    basket = app.dataframe[0].value.set_index("Project").loc["Basket"]
    assert basket["Privacy"].startswith("Waiting (")
    assert basket["Legal"] == "Signed"


def test_markup_in_a_name_stays_text(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", as_="Ada")
    chart = app.get("plotly_chart")[0].proto.spec

    assert "&lt;b&gt;Claims" in chart
    assert "<b>Claims</b> *" not in chart


# ------------------------------------------------------------------ activity


def test_activity_tells_events_in_words_and_turns_its_pages(screens: Screens, open_page: OpenPage) -> None:
    with screens.database.write() as session:
        for number in range(60):
            projects.register(
                session,
                by=screens.cast.pat,
                at=START + timedelta(minutes=number),
                guide=guide(),
                name=f"Plan {number}",
            )
    app = open_page("activity", as_="Pat")
    assert any(button.label == "Plan 59" for button in app.button)
    app.button(key="activity:older").click().run()

    assert not app.exception
    assert any(button.label == "Plan 5" for button in app.button)
    assert not any(button.label == "Plan 59" for button in app.button)


@pytest.mark.parametrize("before", ["x", "-1", "99999999999999999999", "1.5"])
def test_activity_at_a_wrong_address_begins_at_the_newest(
    screens: Screens, open_page: OpenPage, before: str
) -> None:
    app = open_page("activity", as_="Pat", before=before)

    assert not app.exception
    assert not app.error


# ------------------------------------------------------------------ import


@pytest.mark.parametrize("person", ["Pat", "Olu"])
def test_import_is_not_there_for_members(screens: Screens, open_page: OpenPage, person: str) -> None:
    with pytest.raises(ValueError, match="import_register"):
        open_page("import", as_=person)


def test_word_that_nobody_knows_is_placed_for_all_its_projects(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("import", as_="Ada")
    assert "2 imported projects have a stage word that no mapping knows" in texts(app)
    app.selectbox(key="place:Daydream:stage").set_value("rollout")
    next(button for button in app.button if button.label == "Place").click().run()

    assert not app.exception
    with filled.database.read() as session:
        found = session.exec(
            select(Project.stage, Project.status, Project.gate).where(
                col(Project.key).in_(["sorter", "stacker"])
            )
        ).all()
    assert found == [("production", "rollout", "launch")] * 2
    assert "For you to place" not in [heading.value for heading in app.header]


def test_placing_without_a_choice_asks_for_one_and_changes_nothing(
    filled: Screens, open_page: OpenPage
) -> None:
    app = open_page("import", as_="Ada")
    next(button for button in app.button if button.label == "Place").click().run()

    assert [error.value for error in app.error] == ["Choose a stage first."]


def waiting(screens: Screens, name: str, content: bytes) -> str:
    """A file that Ada has uploaded; returns its token."""
    return RegisterFiles(screens.database.file).keep(screens.cast.ada.key, name, io.BytesIO(content))


def test_register_is_read_shown_and_imported(screens: Screens, open_page: OpenPage) -> None:
    content = (
        b"Use Case Name,Agency,Stage of Development\nReader,Post,Initiated\nSorter,Post,Daydream\n,Post,x\n"
    )
    app = open_page("import", as_="Ada", file=waiting(screens, "small.csv", content))

    assert not app.exception
    assert "2 rows in 1 organisation; 1 with a stage word that is not known" in texts(app)
    assert [warning.value for warning in app.warning] == [
        "1 row to look at, 1 of which cannot become a project."
    ]
    app.button(key="import:apply").click().run()
    assert any("2 added, 0 changed" in toast.value for toast in app.toast)
    assert app.button(key="import:apply").disabled
    app.button(key="import:undo:1").click().run()
    with screens.database.read() as session:
        archived = session.exec(select(Project.name).where(col(Project.archived_at).is_not(None))).all()
    assert sorted(archived) == ["Reader", "Sorter"]


UNKNOWN = (
    b"Titel van het systeem;Bestuursorgaan;Waar;Fase\n"
    b"Sluisplanner;Waterschap Noord;Sluis;Sluimerend\nDijkcamera;Waterschap Zuid;Dijk;In gebruik\n"
)


def widget(app: Any, kind: str, label: str) -> Any:
    return next(each for each in app.get(kind) if each.label == label)


def test_proposal_is_changed_saved_used_again_renamed_and_deleted(
    screens: Screens, open_page: OpenPage
) -> None:
    app = open_page("import", as_="Ada", file=waiting(screens, "water.csv", UNKNOWN))
    assert not app.exception
    assert widget(app, "selectbox", "Name of the project").value == 0
    widget(app, "selectbox", "Organisation").set_value(2).run()
    widget(app, "selectbox", "“Sluimerend” · 1 row").set_value("design").run()
    widget(app, "selectbox", "“In gebruik” · 1 row").set_value("").run()
    widget(app, "text_input", "Name of the mapping").set_value("Dutch water").run()
    widget(app, "button", "Save").click().run()
    assert not app.exception

    again = open_page("import", as_="Ada", file=waiting(screens, "later.csv", UNKNOWN))
    assert "As the mapping “Dutch water” has them" in texts(again)
    again.button(key="import:apply").click().run()
    with screens.database.read() as session:
        found = session.exec(
            select(Project.name, Project.organisation, Project.stage).order_by(col(Project.id))
        )
        assert list(found)[-2:] == [("Sluisplanner", "Sluis", "design"), ("Dijkcamera", "Dijk", None)]

    again.text_input(key="import:rename:dutch-water:title").set_value("Water boards").run()
    again.button(key="import:rename:dutch-water:press").click().run()
    assert "Water boards" in texts(again)
    again.button(key="import:remove:water-boards:press").click().run()
    assert not again.exception
    with screens.database.read() as session:
        assert session.exec(select(SavedMapping)).all() == []


def test_mapping_without_a_usable_name_is_refused_in_a_sentence(
    screens: Screens, open_page: OpenPage
) -> None:
    app = open_page("import", as_="Ada", file=waiting(screens, "water.csv", UNKNOWN))
    for title, words in (("", "needs a name"), ("US federal 2024", "comes with the product")):
        widget(app, "text_input", "Name of the mapping").set_value(title).run()
        widget(app, "button", "Save").click().run()
        assert not app.exception
        assert words in app.error[0].value


def test_second_import_shows_each_field_and_taking_it_back_restores_them(
    screens: Screens, open_page: OpenPage
) -> None:
    app = open_page("import", as_="Ada", file=waiting(screens, "water.csv", UNKNOWN))
    app.button(key="import:apply").click().run()
    later = UNKNOWN.replace(b"Sluis;", b"Kade;").replace(b"In gebruik", b"Buiten gebruik")
    app = open_page("import", as_="Ada", file=waiting(screens, "water.csv", later))
    (table,) = [frame.value for frame in app.dataframe if "Before" in frame.value.columns]
    assert table[["Field", "Before", "After"]].values.tolist() == [
        ["Waar", "Sluis", "Kade"],
        ["Stage word", "In gebruik", "Buiten gebruik"],
        ["Stage here", "Production, live", "Production, retired"],
    ]
    app.button(key="import:apply").click().run()
    app.button(key="import:undo:2").click().run()
    assert not app.exception
    with screens.database.read() as session:
        assert session.exec(select(Project.status).where(Project.name == "Dijkcamera")).one() == "live"


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", bytes(range(256))), ("b.json", b'{"x": 1}'), ("c.csv", b"colour\nred\n")]
)
def test_bad_file_gives_a_sentence_beside_the_form(
    screens: Screens, open_page: OpenPage, name: str, content: bytes
) -> None:
    app = open_page("import", as_="Ada", file=waiting(screens, name, content))

    assert not app.exception
    assert name in app.error[0].value.replace("\\", "")


def test_somebody_else_s_file_and_one_that_is_gone_are_not_shown(
    screens: Screens, open_page: OpenPage
) -> None:
    files = RegisterFiles(screens.database.file)
    others = files.keep(screens.cast.pat.key, "small.csv", io.BytesIO(b"Use Case Name,Agency\nReader,Post\n"))
    for token in (others, "x" * 43, "../lifecycle.db"):
        app = open_page("import", as_="Ada", file=token)
        assert not app.exception
        assert "That file is no longer here" in app.info[0].value
        assert "Reader" not in texts(app)


def test_mistake_in_an_edited_mapping_names_the_field(screens: Screens, open_page: OpenPage) -> None:
    file = waiting(screens, "small.csv", b"Use Case Name,Agency\nReader,Post\n")
    app = open_page("import", as_="Ada", file=file)
    app.selectbox(key="import:mapping").set_value("us-federal-2024").run()
    app.toggle(key="import:edit").set_value(True).run()
    app.text_area(key="import:text:us-federal-2024").set_value(
        "name: x1\ntitle: X\ncolumns: {nom: [a]}"
    ).run()

    assert not app.exception
    assert "columns." in app.error[0].value.replace("\\", "")


# ------------------------------------------------------------------ any past day


def test_address_of_a_past_day_shows_that_day_and_says_so(filled: Screens, open_page: OpenPage) -> None:
    """Basket came 40 days before Orders; on the day between, it is all there is."""
    day = (START - timedelta(days=20)).date().isoformat()
    app = open_page("portfolio", **{"as-of": day}, as_="Ada")
    said = texts(app)

    assert not app.exception
    assert [title.value for title in app.title] == [f"Portfolio at the end of {day}"]
    assert all(day in header.value for header in app.header)
    assert "Of 1 running project, 1 is blocked" in said
    assert "Basket, blocked for 20 days" in said
    assert "Lifts" not in str([frame.value.to_dict() for frame in app.dataframe])
    app.button(key=next(button.key for button in app.button if button.label == "Show today")).click().run()
    assert [title.value for title in app.title] == ["Portfolio"]


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "9999-12-31"])
def test_address_of_no_past_day_shows_today(filled: Screens, open_page: OpenPage, day: str) -> None:
    app = open_page("portfolio", **{"as-of": day}, as_="Ada")

    assert not app.exception
    assert [title.value for title in app.title] == ["Portfolio"]


def test_day_that_nobody_can_know_says_why(filled: Screens, open_page: OpenPage) -> None:
    with filled.database.write() as session:
        found = session.exec(select(Project.id).where(col(Project.key) == "reader")).one()
        session.add(
            ProjectPast(
                project_id=found or 0,
                at=START - timedelta(days=9),
                name="Reader",
                organisation="",
                status="active",
                origin="register",
                known=False,
            )  # fmt: skip
        )
    app = open_page("portfolio", **{"as-of": (START - timedelta(days=5)).date().isoformat()}, as_="Ada")

    assert not app.exception
    assert "where they stood on" in app.warning[0].value.replace("\\", "")


# ------------------------------------------------------------------ views kept under a name


def test_view_is_kept_used_renamed_and_deleted(filled: Screens, open_page: OpenPage) -> None:
    app = open_page("portfolio", **{"standing": "blocked"}, as_="Ada")
    app.text_input(key="saved_view:name").set_value("Stuck")
    press(app, "Save view")
    app = open_page("portfolio", as_="Ada")
    press(app, "Stuck")
    app.checkbox(key="view:1:change").check().run()
    app.text_input(key="view:1:name").set_value("Blocked")
    press(app, "Rename")
    assert [button.label for button in app.button if button.key == "view:1"] == ["Blocked"]
    press(app, "Delete")
    assert not [button for button in app.button if button.key == "view:1"]


def test_view_without_name_or_filter_is_refused_and_others_do_not_see_mine(
    filled: Screens, open_page: OpenPage
) -> None:
    app = open_page("portfolio", **{"standing": "blocked"}, as_="Ada")
    press(app, "Save view")
    assert "Give the view a name" in " ".join(error.value for error in app.error)
    app.text_input(key="saved_view:name").set_value("Stuck")
    press(app, "Save view")
    assert "Stuck" not in [button.label for button in open_page("portfolio", as_="Pat").button]


def press(app: AppTest, label: str) -> None:
    app.button(key=next(button.key for button in app.button if button.label == label)).click().run()
    assert not app.exception
