"""Putting an earlier answer back from the history of a question."""

from __future__ import annotations

from lifecycle.store.tables import CurrentAnswer
from tests import factories as make
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def test_earlier_answer_is_put_back_from_the_history(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        for text in ("Which orders arrive late", "Which orders to expedite"):
            make.answer(session, screens.cast, screens.project_id, "D01", text)
    app = see("worksheet", screens.cast.pat, project=screens.project)
    app.get_by_key(f"answer:{screens.project_id}:0:D01:menu").set_value("history").run()
    app.run()
    press(app, "Put this back")
    with screens.database.read() as session:
        current = session.get(CurrentAnswer, (screens.project_id, 0, "D01"))
        assert current is not None
        assert (current.revision, current.value) == (3, '"Which orders arrive late"')
    history = see("history", screens.cast.pat, project=screens.project)
    assert "Put back version 1 of the answer to" in words(history)
    assert not app.exception
