"""The model inventory, opened again by the libraries that read such files."""

from __future__ import annotations

import csv
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import Invalid
from lifecycle.interchange.cells import LONGEST_CELL, cell_text
from lifecycle.interchange.inventories import HEADINGS, inventory_file
from lifecycle.queries.inventory import inventory
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE, Gate
from tests import factories as make
from tests.clock import START
from tests.rules.building import guide as shipped_guide

BAD_NAME = "=HYPERLINK(1)\x0b ⚡ שלום"


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number)  # noqa: DTZ001 - a spreadsheet knows no zones


@pytest.fixture
def rows(database: Database) -> Any:
    """One project with all of it answered, one of another team, one from a register."""
    with database.write() as session:
        everybody = make.cast(session, shipped_guide())
        project_id = make.project(session, everybody, "Orders")

        def say(field_id: str, raw: object) -> None:
            make.answer(session, everybody, project_id, field_id, raw)

        make.source(session, everybody, project_id, "+Feed")
        say("R21", {"tier": "3", "why": "Customers are affected"})
        say(
            "M15",
            [
                {"person": f"@{everybody.olu.key}", "part": "developer"},
                {"person": "Nora", "part": "validator"},
            ],
        )
        say("M11", [{"part": "Booster", "kind": "library", "licence": "MIT", "version": "2"}])
        say("D21", [{"name": "Ledger"}])
        say("P01", {"live_on": "2026-02-01", "version": "4.2", "approver": "Axel", "environment": "main"})
        say("R20", [{"use": "Ordering", "approved": "approved"}, {"use": "Fines", "approved": "not_for"}])
        say("M10", [{"limit": "Not for new shops", "kind": "limit", "control": "A list"}])
        say("P02", [{"monitor": "R13/r1", "running": True}, {"monitor": "R13/r2", "running": False}])
        say("P08", {"last": "2026-02-10", "next": "2026-08-10"})
        make.sign(session, everybody, project_id, Gate.DISCOVERY, make.Role.BUSINESS)
        make.project(session, everybody, "A" * 300)
        make.projects.edit(
            session,
            by=everybody.pat,
            at=START,
            project_id=project_id,
            name="Orders",
            purpose="@SUM(A1) in words\nand more " + "x" * 1000,
            organisation="－Sales",
            base=1,
        )
    with database.read() as session:
        yield inventory(session, by=COMMAND_LINE, at=START, guide=shipped_guide()), everybody, session


def test_csv_and_xlsx_say_the_same_with_days_as_days(rows: Any) -> None:
    found, _, _ = rows
    lines = list(csv.DictReader(StringIO(inventory_file(found, "i.csv").decode(), newline="")))
    sheet = openpyxl.load_workbook(BytesIO(inventory_file(found, "i.XLSX"))).active
    table = list(sheet.iter_rows(values_only=True))
    assert tuple(table[0]) == HEADINGS == tuple(lines[0])
    orders = next(dict(zip(HEADINGS, line, strict=True)) for line in table[1:] if line[0] == "orders")
    assert orders == {
        "ID": "orders",
        "Name": "Orders",
        "Description": "'@SUM(A1) in words\nand more " + "x" * 1000,
        "Rating": "Tier 3",
        "Owner": "Bea",
        "Developer": "Olu",
        "Origin": "Own development",
        "Version": "4.2",
        "Live date": day(2, 1),
        "Reviewer": "Nora",
        "Approver": "Axel",
        "Dependencies": "Ledger; Booster",
        "Data sources": "'+Feed",
        "Approved uses": "Ordering",
        "Limitations": "Not for new shops; Not for: Fines",
        "Last review": day(2, 10),
        "Monitoring status": "1 of 2 monitors running",
        "Next review": day(8, 10),
        "Stage": "Discovery",
        "Readiness": orders["Readiness"],
        "Status": "Active",
        "Organisation": "'－Sales",
    }
    plain = next(line for line in lines if line["ID"] == "orders")
    assert plain == {
        name: value.date().isoformat() if isinstance(value, datetime) else value
        for name, value in orders.items()
    }
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_a_member_gets_their_own_projects_alone(rows: Any) -> None:
    _, everybody, session = rows
    for who, count in ((everybody.olu, 0), (everybody.pat, 2), (everybody.ada, 2)):
        assert len(inventory(session, by=who, at=START, guide=shipped_guide())) == count


def test_another_ending_is_refused() -> None:
    with pytest.raises(Invalid, match="xlsx or .csv"):
        inventory_file((), "inventory.pdf")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\u200b=1",
        "\ufeff=1",
        "\x01=1",
    ],
)
def test_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert cell_text(text).startswith("'")


@pytest.mark.parametrize("text", ["", "1 + 1", "a=b", "'=1", "x", "2026-03-02"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell_text(text) == text


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_any_text_can_be_written_and_read_again(text: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = cell_text(text)
    book.active["A1"].data_type = "s"
    written = BytesIO()
    book.save(written)
    found = openpyxl.load_workbook(BytesIO(written.getvalue())).active["A1"]
    assert found.data_type != "f"
    assert len(str(found.value or "")) <= LONGEST_CELL
