"""A workbook that was brought back: shown, saved, and refused where it must be."""

from __future__ import annotations

from io import BytesIO

from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.interchange.worksheet_xlsx import make_workbook
from lifecycle.queries import worksheets
from lifecycle.vocabulary import Stage
from tests import factories as make
from tests.clock import START
from tests.interchange.test_worksheet_files import fill
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def _bring(screens: Screens, *cells: tuple[str, str, object]) -> str:
    with screens.database.read() as session:
        made = make_workbook(
            session,
            by=screens.cast.pat,
            at=START,
            guide=screens.cast.guide,
            key=screens.project,
            stage=Stage.DISCOVERY,
        )
    files = RegisterFiles(screens.database.file)
    return files.keep(screens.cast.pat.key, "discovery.xlsx", BytesIO(fill(made.data, *cells)))


def test_changes_are_shown_and_saved_with_the_conflicts_that_were_chosen(see: See, screens: Screens) -> None:
    token = _bring(screens, ("D01", "answer", "From the file"), ("D12", "answer", "Informs a person"))
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D01", "Typed meanwhile")
    app = see("spreadsheets", screens.cast.pat, project=screens.project, file=token)

    assert "1 answer would change, 1 answer newer than the workbook." in words(app)
    app.checkbox[0].check().run()
    press(app, "Save 2 answers")

    assert "2 answers saved." in words(app)
    with screens.database.read() as session:
        found = worksheets.sheet(session, project_id=screens.project_id)
    now = {field_id: found.answers[0, field_id].stored for field_id in ("D01", "D12")}
    assert now == {"D01": "From the file", "D12": "informs"}


def test_a_cell_that_cannot_be_taken_leaves_nothing_to_save(see: See, screens: Screens) -> None:
    token = _bring(screens, ("D12", "answer", "Perhaps"))
    app = see("spreadsheets", screens.cast.pat, project=screens.project, file=token)

    assert "1 cell to mend first" in words(app)
    assert not [button for button in app.button if button.label.startswith("Save")]


def test_somebody_else_does_not_see_the_file(see: See, screens: Screens) -> None:
    token = _bring(screens, ("D12", "answer", "Informs a person"))
    app = see("spreadsheets", screens.cast.ada, project=screens.project, file=token)

    assert "That file is no longer here" in words(app)
