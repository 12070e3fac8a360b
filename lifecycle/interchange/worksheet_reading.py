"""The cells of a worksheet that came back, by question, with the place of each; nothing is judged here but the file."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from lifecycle.errors import Invalid
from lifecycle.guide import ONLY, FieldSpec, Guide
from lifecycle.interchange.tabular_xlsx import DAMAGE, is_workbook
from lifecycle.interchange.worksheet_cells import EMPTY, Cells, Formula, plain
from lifecycle.interchange.worksheet_fields import CellProblem, FieldCells, Record
from lifecycle.interchange.worksheet_xlsx import FORMAT, INDEX, UNIT
from lifecycle.language import ENGLISH, mark, say
from lifecycle.rules.answers import MOST_ROWS

LARGEST_MEGABYTES = 20
_LARGEST_UNPACKED = 200_000_000
_MOST_MEMBERS = 2_000
_MOST_LINES = 5_000
_MOST_COLUMNS = 200
_NOT_OURS = mark(
    "{name} is not a worksheet that was downloaded here. Download one, fill it in and bring that back."
)

Place = tuple[int, str]  # data source (0: the worksheet) and question


@dataclass(frozen=True, slots=True)
class FoundField:
    """One question of the file. `base`: the revision of the answer that was written into it; None when that is lost."""

    cells: FieldCells
    base: int | None
    place: str


@dataclass(frozen=True, slots=True)
class FilledWorksheet:
    """What a file says of itself and holds."""

    project: str
    worksheet: str
    guide_version: str
    language: str
    fields: Mapping[Place, FoundField]
    problems: tuple[CellProblem, ...]


def read_workbook(content: bytes, name: str, guide: Guide) -> FilledWorksheet:
    """Raises Invalid with a sentence for what is no worksheet of ours."""
    if len(content) > LARGEST_MEGABYTES * 1_000_000:
        raise Invalid(
            say(
                "{name} is larger than {most} MB; no worksheet is.",
                name=name,
                most=LARGEST_MEGABYTES,
            )
        )
    if not is_workbook(content):
        raise Invalid(say("{name} is no Excel workbook (.xlsx).", name=name))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(each.file_size for each in members) > _LARGEST_UNPACKED:
                raise Invalid(say("{name} unpacks to more than any worksheet holds.", name=name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content))
        return _Reader(book, name, guide).read()
    except DAMAGE as error:
        raise Invalid(
            say("{name} is a damaged or protected workbook and cannot be read.", name=name)
        ) from error


class _Reader:
    def __init__(self, book: openpyxl.Workbook, name: str, guide: Guide) -> None:
        self.book, self.name, self.guide = book, name, guide
        self.fields: dict[Place, FoundField] = {}
        self.problems: list[CellProblem] = []

    def read(self) -> FilledWorksheet:
        said, sheets = self._index()
        for title, kind, source_id, field_id in sorted(sheets, key=lambda each: each[1]):
            if title not in self.book.sheetnames:
                self.fields.pop((source_id, field_id), None)
                self.problems.append(
                    CellProblem(
                        "", say("The sheet “{sheet}” is gone. Download the worksheet again.", sheet=title)
                    )
                )
                continue
            sheet = self.book[title]
            if sheet.max_row > _MOST_LINES or sheet.max_column > _MOST_COLUMNS:
                raise Invalid(
                    say(
                        "{name}, sheet “{sheet}”: more rows or columns than a worksheet has.",
                        name=self.name,
                        sheet=title,
                    )
                )
            if kind == "questions":
                self._questions(sheet, source_id)
            else:
                self._rows(sheet, source_id, field_id)
        self._own_sheet_is_there(sheets)
        return FilledWorksheet(
            project=said["project"],
            worksheet=said["worksheet"],
            guide_version=said.get("guide", ""),
            language=said.get("language", ENGLISH),
            fields=self.fields,
            problems=tuple(self.problems),
        )

    def _index(self) -> tuple[dict[str, str], list[tuple[str, str, int, str]]]:
        said: dict[str, str] = {}
        sheets: list[tuple[str, str, int, str]] = []
        if INDEX not in self.book.sheetnames:
            raise Invalid(say(_NOT_OURS, name=self.name))
        for cells in self.book[INDEX].iter_rows(max_row=_MOST_LINES, max_col=4, values_only=True):
            first, second, third, fourth = (str(cell if cell is not None else "") for cell in cells)
            if second in ("questions", "rows"):
                sheets.append((first, second, int(third) if third.isdecimal() else 0, fourth))
            elif first:
                said[first] = second
        if said.get("format") != FORMAT or not said.get("project") or not said.get("worksheet"):
            raise Invalid(say(_NOT_OURS, name=self.name))
        return said, sheets

    def _own_sheet_is_there(self, sheets: list[tuple[str, str, int, str]]) -> None:
        """Rows whose sheet was deleted say nothing: their question is then not looked at."""
        have = {(source_id, field_id) for _, kind, source_id, field_id in sheets if kind == "rows"}
        for source_id, field_id in list(self.fields):
            spec = self.guide.fields.get(field_id)
            if spec and spec.kind == "rows" and (source_id, field_id) not in have:
                del self.fields[source_id, field_id]

    # -------------------------------------------------------------- questions

    def _questions(self, sheet: Worksheet, source_id: int) -> None:
        columns = self._columns(sheet, ("id", "part", "answer", "state", "revision"))
        for row in range(2, sheet.max_row + 1):
            field_id = plain(sheet.cell(row, columns["id"]).value)
            spec = self.guide.fields.get(field_id)
            if row == 2 or not field_id:
                continue
            if spec is None or spec.is_of_source != bool(source_id):
                self._problem(
                    sheet,
                    row,
                    columns["id"],
                    say("There is no question “{question}” here by now.", question=field_id[:40]),
                )
                continue
            part_id = plain(sheet.cell(row, columns["part"]).value)
            if part_id:
                self._part(sheet, row, columns, (source_id, field_id), spec, part_id)
            else:
                self._question(sheet, row, columns, (source_id, field_id), spec)

    def _question(
        self, sheet: Worksheet, row: int, columns: Mapping[str, int], place: Place, spec: FieldSpec
    ) -> None:
        if place in self.fields:
            self._problem(
                sheet,
                row,
                columns["id"],
                say("The question {question} stands here a second time.", question=spec.id),
            )
            return
        named = {
            name: column for name, column in columns.items() if name in ("state", "owner", "due_on", "reason")
        }
        places = {name: _at(sheet, row, column) for name, column in named.items()}
        places["none"] = _at(sheet, row, columns["answer"])
        said = {name: _value(sheet.cell(row, column)) for name, column in named.items()}
        none = _value(sheet.cell(row, columns["answer"])) if spec.kind == "rows" else None
        records: tuple[Record, ...] = ()
        if spec.kind == "single":
            answer = self._cells(sheet, row, columns["answer"], columns.get("unit"))
            records = (Record({ONLY: answer}, places={ONLY: places["none"]}),)
        revision = plain(sheet.cell(row, columns["revision"]).value)
        base = int(revision) if revision.isdecimal() and len(revision) < 10 else None
        cells = FieldCells(**said, none=none, records=records, places=places)
        self.fields[place] = FoundField(cells, base, places["none"])

    def _part(
        self,
        sheet: Worksheet,
        row: int,
        columns: Mapping[str, int],
        place: Place,
        spec: FieldSpec,
        part_id: str,
    ) -> None:
        found = self.fields.get(place)
        if found is None or part_id not in {part.id for part in spec.columns}:
            self._problem(
                sheet,
                row,
                columns["id"],
                say("{question} has no part “{part}” by now.", question=spec.id, part=part_id[:40]),
            )
            return
        before = found.cells.records[0] if found.cells.records else Record({})
        answer = self._cells(sheet, row, columns["answer"], columns.get("unit"))
        record = Record(
            {**before.cells, part_id: answer},
            places={**before.places, part_id: _at(sheet, row, columns["answer"])},
        )
        self.fields[place] = replace(found, cells=replace(found.cells, records=(record,)))

    # -------------------------------------------------------------- rows

    def _rows(self, sheet: Worksheet, source_id: int, field_id: str) -> None:
        spec, found = self.guide.fields.get(field_id), self.fields.get((source_id, field_id))
        if spec is None or found is None or spec.kind != "rows":
            return
        columns = self._columns(sheet, ("id",))
        records = tuple(self._records(sheet, spec, columns))
        if len(records) > MOST_ROWS:
            self.problems.append(
                CellProblem(sheet.title, say("More than {most} rows; more cannot be kept.", most=MOST_ROWS))
            )
            records = records[:MOST_ROWS]
        self.fields[source_id, field_id] = replace(found, cells=replace(found.cells, records=records))

    def _records(self, sheet: Worksheet, spec: FieldSpec, columns: Mapping[str, int]) -> Iterator[Record]:
        parts = [part.id for part in spec.rows if part.id in columns]
        for row in range(5, sheet.max_row + 1):
            cells = {
                part: self._cells(sheet, row, columns[part], columns.get(f"{part}{UNIT}")) for part in parts
            }
            places = {part: _at(sheet, row, columns[part]) for part in parts}
            record = Record(cells, plain(sheet.cell(row, columns["id"]).value), places)
            if not record.is_blank:
                yield record

    # -------------------------------------------------------------- cells

    def _columns(self, sheet: Worksheet, needed: tuple[str, ...]) -> dict[str, int]:
        names = {plain(sheet.cell(1, column).value): column for column in range(1, sheet.max_column + 1)}
        names.pop("", None)
        if missing := [name for name in needed if name not in names]:
            raise Invalid(
                say(
                    "{name}, sheet “{sheet}”: its hidden first row has lost “{column}”. Download the "
                    "worksheet again and copy your answers over.",
                    name=self.name,
                    sheet=sheet.title,
                    column=missing[0],
                )
            )
        return names

    def _cells(self, sheet: Worksheet, row: int, column: int, unit: int | None) -> Cells:
        cell = sheet.cell(row, column)
        beside = _value(sheet.cell(row, unit)) if unit else None
        value = _value(cell)
        if value is None and beside is None:
            return EMPTY
        return Cells(value, beside, "%" in str(cell.number_format))

    def _problem(self, sheet: Worksheet, row: int, column: int, text: str) -> None:
        self.problems.append(CellProblem(_at(sheet, row, column), text))


def _value(cell: Any) -> Any:
    return Formula() if cell.data_type == "f" else cell.value


def _at(sheet: Worksheet, row: int, column: int) -> str:
    return f"{sheet.title}!{get_column_letter(column)}{row}"
