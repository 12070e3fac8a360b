"""The guide on the command line: checked, and projects moved on to the next version."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest

from lifecycle.store.database import Database
from scripts.serving import ROOT
from tests import factories
from tests.rules.building import guide
from tests.test_cli import Terminal

OWN = """
version: "1"
prefix: ORG
fields:
  - {id: ORG1, stage: discovery, section: problem, title: Cost centre, question: "Which one pays?", type: text}
"""


@pytest.fixture
def terminal(database: Database, database_url: str) -> Terminal:
    with database.write() as session:
        factories.project(session, factories.cast(session, guide()))
    return Terminal(database_url)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "ours.yaml"
    section = guide().worksheets[0].sections[0].id
    file.write_text(OWN.replace("section: problem", f"section: {section}"), "utf-8")
    return file


def test_project_moves_on_to_own_questions_when_told_to(terminal: Terminal, own: Path) -> None:
    there = {"LIFECYCLE_OWN_GUIDE": str(own)}
    assert "Version 1+1" in terminal("guide", "check", **there).output
    assert "Cost centre is added" in terminal("guide", "preview", own).output

    tried = terminal("guide", "upgrade", "orders", "--dry-run", **there)
    assert (tried.exit_code, "would go by version 1+1 instead of 1" in tried.output) == (0, True)
    assert "goes by version 1+1 instead of 1" in terminal("guide", "upgrade", "orders", **there).output
    assert "already" in terminal("guide", "upgrade", "orders", **there).output


def test_worksheet_of_a_project_has_the_questions_it_began_with(
    terminal: Terminal, own: Path, tmp_path: Path
) -> None:
    there = {"LIFECYCLE_OWN_GUIDE": str(own)}
    for name in ("before", "after"):
        file = tmp_path / f"{name}.xlsx"
        assert terminal("worksheet", "export", "orders", "discovery", file, **there).exit_code == 0
        terminal("guide", "upgrade", "orders", **there)
    asked = [_asked(tmp_path / f"{name}.xlsx") for name in ("before", "after")]
    assert asked[0] == {field.id for field in guide().worksheets[0].fields}
    assert asked[1] == {*asked[0], "ORG1"}


def _asked(file: Path) -> set[str]:
    sheet = openpyxl.load_workbook(file)["Questions"]
    return {cell.value for cell in sheet["A"][2:] if cell.value}


def test_mistake_in_own_questions_is_named(terminal: Terminal, own: Path) -> None:
    own.write_text(own.read_text("utf-8").replace("ORG1", "D01"), "utf-8")
    refused = terminal("guide", "check", LIFECYCLE_OWN_GUIDE=str(own))
    assert refused.exit_code == 1
    assert "ours.yaml: fields › D01" in refused.output


def test_shipped_guide_is_whole(terminal: Terminal, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "guide", tmp_path / "guide")
    assert terminal("guide", "check").exit_code == 0
    assert terminal("guide", "preview", tmp_path / "guide").exit_code == 0
