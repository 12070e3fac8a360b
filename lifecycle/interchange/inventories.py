"""The model inventory as a file: XLSX for people, CSV (UTF-8, comma) for programs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from lifecycle.errors import Invalid
from lifecycle.interchange.cells import cell_text
from lifecycle.language import mark, say
from lifecycle.queries.inventory import InventoryRow

# Field of a row -> heading and width. The first eighteen are those of OSFI's guideline E-23, Appendix 1.
COLUMNS: dict[str, tuple[str, int]] = {
    "id": ("ID", 26),
    "name": (mark("Name"), 32),
    "description": (mark("Description"), 48),
    "rating": (mark("Rating"), 12),
    "owner": (mark("Owner"), 22),
    "developer": (mark("Developer"), 22),
    "origin": (mark("Origin"), 20),
    "version": (mark("Version"), 14),
    "live_on": (mark("Live date"), 12),
    "reviewer": (mark("Reviewer"), 22),
    "approver": (mark("Approver"), 22),
    "dependencies": (mark("Dependencies"), 36),
    "data_sources": (mark("Data sources"), 36),
    "approved_uses": (mark("Approved uses"), 40),
    "limitations": (mark("Limitations"), 40),
    "last_review": (mark("Last review"), 12),
    "monitoring": (mark("Monitoring status"), 22),
    "next_review": (mark("Next review"), 12),
    "stage": (mark("Stage"), 22),
    "readiness": (mark("Readiness"), 16),
    "status": (mark("Status"), 12),
    "organisation": (mark("Organisation"), 24),
}
HEADINGS = tuple(str(heading) for heading, _ in COLUMNS.values())  # of the file for programs: always these
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def inventory_file(rows: Sequence[InventoryRow], name: str) -> bytes:
    """The bytes of a file with this name. Raises Invalid unless it ends in .xlsx or .csv."""
    ending = name.lower().rpartition(".")[2]
    if ending == "xlsx":
        return inventory_xlsx(rows)
    if ending == "csv":
        return inventory_csv(rows)
    raise Invalid({"file": say("“{name}” has to end in .xlsx or .csv.", name=name)})


def inventory_csv(rows: Sequence[InventoryRow]) -> bytes:
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(HEADINGS)
    writer.writerows([_csv_cell(value) for value in _values(row)] for row in rows)
    return written.getvalue().encode()


def _csv_cell(value: str | date | None) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return cell_text(value or "")


def inventory_xlsx(rows: Sequence[InventoryRow]) -> bytes:
    """One sheet with a fixed heading and a filter; days are days."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say("Model inventory"))
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(rows) + 1}"
    for number, (_, width) in enumerate(COLUMNS.values(), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    heads = [WriteOnlyCell(sheet, say(heading)) for heading in HEADINGS]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_xlsx_cell(sheet, value) for value in _values(row)])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _xlsx_cell(sheet: Any, value: str | date | None) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, datetime.combine(value, time()))
        cell.number_format = "yyyy-mm-dd"
        return cell
    cell = WriteOnlyCell(sheet, cell_text(value))
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _values(row: InventoryRow) -> list[str | date | None]:
    return [getattr(row, name) for name in COLUMNS]
