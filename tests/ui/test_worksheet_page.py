"""The worksheet as a script: what it shows, what it saves, and who may do what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streamlit.testing.v1 import AppTest

from lifecycle.vocabulary import AnswerState
from tests import factories as make
from tests.screens import Screens
from tests.ui.conftest import OpenPage


def key(screens: Screens, field_id: str, *parts: str) -> str:
    return f"answer:{screens.project_id}:0:{field_id}:" + ":".join(parts)


def words(app: AppTest) -> str:
    drawn = (*app.markdown, *app.caption, *app.warning, *app.error, *app.info)
    return "\n".join(str(element.value) for element in drawn)


def test_worksheet_shows_the_questions_of_its_first_section(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", project=screens.project)

    assert not app.exception
    assert app.title[0].value == "Discovery worksheet"
    assert app.text_area(key=key(screens, "D01", "value")).value is None
    assert "fail" not in words(app), "nothing is wrong before the first answer"


def test_answer_is_saved_and_its_check_fires(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", project=screens.project, section="decision")

    app.text_input(key=key(screens, "D14", "horizon", "amount")).set_value("3 months").run()
    app.run()  # AppTest keeps only what the last fragments drew
    app.text_input(key=key(screens, "D15", "value", "amount")).set_value("6 months").run()
    app.run()

    assert screens.stored("D14") == {"horizon": {"amount": "3", "unit": "months"}}
    assert screens.stored("D15") == {"amount": "6", "unit": "months"}
    assert "The output looks 3 months ahead, but acting on it takes 6 months" in words(app)
    assert not app.exception


def test_dont_know_is_saved_once_it_says_who_and_when(open_page: OpenPage, screens: Screens) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=30)
    app = open_page("worksheet", project=screens.project)
    app.get_by_key(key(screens, "D01", "menu")).set_value("dont_know").run()
    app.run()
    assert "Say who finds out and by when" in words(app)

    app.selectbox(key=key(screens, "D01", "owner")).set_value(f"@{screens.cast.olu.key}").run()
    app.run()
    assert screens.answer("D01") is None
    app.date_input(key=key(screens, "D01", "due")).set_value(soon).run()
    app.run()
    assert "Say" not in words(app)

    found = screens.answer("D01")
    assert found is not None
    assert (found.state, found.owner, found.due_on) == (
        AnswerState.DONT_KNOW,
        f"@{screens.cast.olu.key}",
        soon,
    )


def test_rows_are_added_named_elsewhere_and_removed(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", project=screens.project, section="delivery")
    app.button(key=key(screens, "D16", "add")).click().run()
    app.run()
    row = next(element.key for element in app.text_input if ":D16:r:" in str(element.key)).split(":")[5]
    app.text_input(key=key(screens, "D16", "r", row, "name")).set_value("Category managers").run()
    app.run()
    assert screens.stored("D16") == [{"id": row, "name": "Category managers"}]

    app.button(key=key(screens, "D18", "add")).click().run()
    app.run()
    consumers = next(box for box in app.selectbox if ":D18:r:" in str(box.key) and box.label == "Consumer")
    assert consumers.options == ["Category managers"]

    app.button(key=key(screens, "D16", "remove", row)).click().run()
    assert screens.stored("D16") is None


def test_there_are_none_is_an_answer(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", project=screens.project, section="delivery")

    app.button(key=key(screens, "D22", "none")).click().run()

    assert screens.stored("D22") == []


def test_earlier_answer_is_brought_back_as_a_new_version(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", project=screens.project)
    for words_then in ("first", "second"):
        app.text_area(key=key(screens, "D01", "value")).set_value(words_then).run()
        app.run()
    app.get_by_key(key(screens, "D01", "menu")).set_value("history").run()
    app.run()

    app.button(key=key(screens, "D01", "bring_back", "1")).click().run()
    app.run()

    assert screens.stored("D01") == "first"
    assert screens.versions("D01") == 3
    assert app.text_area(key=key(screens, "D01", "value")).value == "first"


def test_reader_sees_the_answers_and_cannot_change_them(open_page: OpenPage, screens: Screens) -> None:
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D01", "Half the orders are late.")
    app = open_page("worksheet", as_="Ada", project=screens.project)

    assert "You can read this" in words(app)
    assert "Half the orders are late." in words(app)
    assert not app.text_area


def test_project_that_is_not_theirs_or_not_there_looks_the_same(
    open_page: OpenPage, screens: Screens
) -> None:
    unknown = open_page("worksheet", project="no-such-project")

    assert unknown.title[0].value == "This cannot be shown"
    assert "no project" in words(unknown)
    assert not unknown.exception


def test_nobody_signed_in_sees_nothing_of_it(open_page: OpenPage, screens: Screens) -> None:
    app = open_page("worksheet", as_=None, project=screens.project)

    assert app.title[0].value == "You are signed out"
    assert not app.text_area
