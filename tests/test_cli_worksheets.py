"""Worksheets on the command line: out, filled in, and in again."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.store.database import Database
from tests import factories
from tests.interchange.test_worksheet_files import fill
from tests.rules.building import guide
from tests.test_cli import Terminal


@pytest.fixture
def terminal(database: Database, database_url: str) -> Terminal:
    with database.write() as session:
        factories.project(session, factories.cast(session, guide()))
    return Terminal(database_url)


def test_worksheet_goes_out_and_comes_back(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "discovery.xlsx"
    assert terminal("worksheet", "export", "orders", "discovery", file).exit_code == 0
    assert terminal.json("worksheet", "import", "orders", file)["changes"] == []
    file.write_bytes(fill(file.read_bytes(), ("D01", "answer", "Planners phone round")))

    tried = terminal.json("worksheet", "import", "orders", file, "--dry-run")
    assert [(each["field"], each["before"], each["after"]) for each in tried["changes"]] == [
        ("D01", "—", "Planners phone round")
    ]
    assert not tried["saved"]
    done = terminal("worksheet", "import", "orders", file)
    assert done.exit_code == 0, done.output
    assert "1 answer changed" in done.output
    assert terminal.json("worksheet", "import", "orders", file)["changes"] == []

    file.write_bytes(fill(file.read_bytes(), ("D12", "answer", "Perhaps"), ("D01", "answer", "Other")))
    refused = terminal("worksheet", "import", "orders", file)
    assert refused.exit_code == 1
    assert "Questions!E" in refused.output
    assert "Nothing was saved" in refused.output


def test_sources_and_mistakes(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("worksheet", "export", "orders", "sources", tmp_path / "s.xlsx").exit_code == 0
    assert terminal("worksheet", "export", "nobody", "discovery", tmp_path / "n.xlsx").exit_code == 1
    assert terminal("worksheet", "export", "orders", "sometime", tmp_path / "n.xlsx").exit_code == 2
    (tmp_path / "n.xlsx").write_text("a,b")
    refused = terminal("worksheet", "import", "orders", tmp_path / "n.xlsx")
    assert (refused.exit_code, "no Excel workbook" in refused.output) == (1, True)
