"""A project from a register: its facts, nothing that looks assessed, and the two ways to take it over."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from lifecycle.store.tables import ImportRun, Project, RegisterEntry
from lifecycle.vocabulary import Stage
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def from_register(session: Session, key: str, stage: Stage | None) -> int:
    """One imported row, as the import leaves it."""
    run = ImportRun(
        register_name="town",
        file_name="town.csv",
        file_digest="x",
        rows=1,
        added=1,
        changed=0,
        unchanged=0,
        gone=0,
        at=START,
        by_key="command-line",
    )
    project = Project(
        key=key,
        name=key.title(),
        origin="register",
        stage=stage.value if stage else None,
        gate=stage.value if stage else None,
        stage_since=START,
        created_at=START,
        created_by="command-line",
    )
    session.add_all([run, project])
    session.flush()
    entry = RegisterEntry(
        project_id=project.id or 0,
        register_name="town",
        identity=key,
        run_id=run.id or 0,
        row_number=7,
        content_digest="x",
        stage_word="in gebruik*",
        risk="High-impact",
        facts='[["Supplier","<b>Acme</b> [x](y)"]]',
    )
    session.add(entry)
    session.flush()
    return project.id or 0


@pytest.fixture
def imported(screens: Screens) -> Screens:
    with screens.database.write() as session:
        from_register(session, "bins", Stage.DESIGN)
        from_register(session, "lamps", None)
    return screens


def test_facts_of_the_register_are_shown_and_nothing_looks_assessed(see: See, imported: Screens) -> None:
    app = see("project", imported.cast.ada, project="bins")
    said = words(app)
    assert "Not assessed here" in said
    assert "High-impact" in said
    assert "How ready it is" not in said
    assert app.table[0].value.iloc[0, 1].replace("\\", "") == "<b>Acme</b> [x](y)"
    for page in ("gate", "plan", "sources"):
        said = words(see(page, imported.cast.ada, project="bins"))
        assert "Not assessed here" in said, page
        assert "Blocked" not in said, page


def test_adopted_project_is_assessed_from_then_on(see: See, imported: Screens) -> None:
    app = see("project", imported.cast.ada, project="bins")
    press(app, "Adopt it in Design & Requirements")
    assert "You are its product manager now" in words(app)
    assert "How ready it is" in words(app)


def test_stage_of_an_unmapped_project_is_chosen_by_a_person(see: See, imported: Screens) -> None:
    app = see("project", imported.cast.ada, project="lamps")
    assert "The register says “in gebruik*”, which no mapping knows." in words(app)
    press(app, "Place it there")
    assert "Choose the stage it is in." in words(app)

    app.selectbox(key="map_stage:stage").set_value("production:live")
    press(app, "Place it there")
    with imported.database.read() as session:
        placed = session.get_one(Project, 3)
    assert (placed.key, placed.stage, placed.status) == ("lamps", "production", "live")
