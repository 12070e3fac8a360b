"""A worksheet as a workbook to fill in anywhere: what may be typed is open, everything else is locked.

Every sheet has a hidden first row that names its columns and a hidden sheet lists them all, so that a file is read by
what its cells are and not by where they have been moved. The revision of each answer travels with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import Session

from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import ONLY, FieldSpec, Guide, PartSpec, WorksheetSpec
from lifecycle.interchange.worksheet_cells import (
    AMOUNTS,
    EMPTY,
    NO,
    NONE,
    STATES,
    YES,
    Around,
    Cells,
    label_of,
    person_text,
    reference_text,
    written,
)
from lifecycle.interchange.worksheet_fields import COLUMNS, FieldCells, laid_out
from lifecycle.language import ENGLISH, language, mark, say
from lifecycle.queries import projects, worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import AnswerSheet, SourceName
from lifecycle.rules.answers import MOST_ROWS
from lifecycle.vocabulary import DURATION_UNITS, Actor, AnswerState, Stage, duration_unit

FORMAT = "lifecycle-worksheet-1"
INDEX, LISTS = "Lifecycle", "Lists"  # hidden, and read by their names
SOURCES = "sources"  # instead of a stage: the records of all data sources
# The columns of a sheet with questions, by name, with header and width.
QUESTION_COLUMNS = (
    ("id", "Id", 7),
    ("part", "", 8),
    ("question", mark("Question"), 44),
    ("help", mark("How to answer it"), 44),
    ("answer", mark("Answer"), 48),
    ("unit", mark("Unit or currency"), 12),
    ("state", COLUMNS["state"], 17),
    ("owner", COLUMNS["owner"], 24),
    ("due_on", COLUMNS["due_on"], 13),
    ("reason", COLUMNS["reason"], 32),
    ("revision", "", 8),
)
_HIDDEN_COLUMNS = ("part", "revision")
UNIT = ".unit"  # behind the name of a column: the cell beside it
_SPARE_ROWS = 40
_DATE = "yyyy-mm-dd"
_OPEN, _TEXT_FORMAT = Protection(locked=False), "@"
_LINE = Border(*(Side(style="thin", color="B7C0CC"),) * 4)
_TO_FILL, _HEAD, _QUIET = (
    PatternFill("solid", start_color=color) for color in ("FFFDF4", "E4EAF2", "F3F5F8")
)
_WRAPPED = Alignment(wrap_text=True, vertical="top")

_HOW_TO = (
    mark("How to fill it in"),
    mark(
        "Yellow cells are yours. The others are locked, without a password, so that the file can be read again."
    ),
    mark("A question with rows has a sheet of its own, named after its id. Empty rows are ignored."),
    mark(
        "Where several words may stand in one cell, each has a line of its own (Alt+Enter begins a new line)."
    ),
    mark("Not known yet: choose “Don't know yet” and say who finds out, and by when."),
    mark("Does not apply: choose “Not applicable” and say why."),
    mark("Emptying a cell takes that answer back. Dates are year-month-day."),
    mark("Bring the file back under Project › Spreadsheets. You see what would change before anything does,"),
    mark("and an answer that somebody gave in the meantime is not overwritten."),
)
_NO_SOURCES = mark(
    "This project has no data source yet. Add one on the page Data sources, then download this again."
)


@dataclass(frozen=True, slots=True)
class WorksheetFile:
    """A workbook as bytes, and what to call it."""

    data: bytes
    file_name: str


@by_its_guide
def make_workbook(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, stage: Stage | None
) -> WorksheetFile:
    """The worksheet of a stage with its answers, or with `stage` None the records of the data sources.

    Raises NotFound for a project that this person may not read.
    """
    project = projects.head(session, key=key, by=by, at=at)
    found = worksheets.sheet(session, project_id=project.id)
    around = around_of(guide, found, worksheets.known_people(session))
    return _Writer(guide.here(), project, found, around, at).file(stage)


def around_of(guide: Guide, found: AnswerSheet, people: Mapping[str, str]) -> Around:
    """The people and rows that answers of this project may name."""
    rows: dict[str, dict[str, str]] = {
        "source": {f"source/{source.id}": source.name for source in found.sources}
    }
    for (source_id, field_id), answer in found.answers.items():
        spec = guide.fields.get(field_id)
        if source_id or spec is None or spec.kind != "rows" or answer.state is not AnswerState.ANSWERED:
            continue
        rows[field_id] = {f"{field_id}/{row['id']}": _row_name(spec, row) for row in answer.stored or ()}
    return Around(people, rows)


def _row_name(spec: FieldSpec, row: Mapping[str, Any]) -> str:
    first = next((row[part.id] for part in spec.rows if part.type == "text" and row.get(part.id)), "")
    return " ".join(str(first).split())[:60]


class _Writer:
    """One workbook in the making."""

    def __init__(
        self, guide: Guide, project: ProjectHead, found: AnswerSheet, around: Around, at: datetime
    ) -> None:
        self.guide, self.project, self.found, self.around, self.at = guide, project, found, around, at
        self.book = Workbook()
        self.lists: dict[tuple[str, ...], str] = {}
        self.index: list[tuple[str, str, str, str]] = []  # sheet, kind, source, field

    def file(self, stage: Stage | None) -> WorksheetFile:
        spec = self.guide.worksheet(stage) if stage else self.guide.source_worksheet
        name = stage.value if stage else SOURCES
        about = self.book.active or self.book.create_sheet()
        about.title = say("About")
        if stage:
            self._questions(say("Questions"), spec, None)
        for place, source in enumerate(() if stage else self.found.sources, start=1):
            self._questions(say("Source {number}", number=place), spec, source)
        self._about(about, spec)
        self._hidden(name)
        target = BytesIO()
        self.book.save(target)
        return WorksheetFile(target.getvalue(), f"{self.project.key}-{name}.xlsx")

    # -------------------------------------------------------------- the sheet that says what this is

    def _about(self, sheet: Worksheet, spec: WorksheetSpec) -> None:
        title = say("{stage} worksheet", stage=spec.stage.title) if spec.stage else say("Data sources")
        as_of = say(
            "As of {moment} UTC, guide version {version}.",
            moment=f"{self.at:%Y-%m-%d %H:%M}",
            version=self.guide.version,
        )
        lines = [f"{self.project.name} – {title}", spec.purpose, as_of, *map(say, _HOW_TO)]
        if not spec.stage and not self.found.sources:
            lines.append(say(_NO_SOURCES))
        for number, text in enumerate(lines, start=1):
            cell = _put(sheet, number, 1, written(text))
            cell.font = Font(bold=text == say(_HOW_TO[0]) or number == 1, size=14 if number == 1 else 11)
            cell.alignment = _WRAPPED
        sheet.column_dimensions["A"].width = 110
        _protect(sheet)

    def _hidden(self, name: str) -> None:
        lists = self.book.create_sheet(LISTS)
        for column, words in enumerate(self.lists, start=1):
            for row, word in enumerate(words, start=1):
                _put(lists, row, column, word)
        index = self.book.create_sheet(INDEX)
        said = (
            ("format", FORMAT, "", ""),
            ("project", self.project.key, "", ""),
            ("worksheet", name, "", ""),
            ("guide", self.guide.version, "", ""),
            *([("language", language(), "", "")] if language() != ENGLISH else []),
        )
        for row, line in enumerate((*said, *self.index), start=1):
            for column, word in enumerate(line, start=1):
                _put(index, row, column, word)
        for sheet in (lists, index):
            sheet.sheet_state = "hidden"
            _protect(sheet)

    # -------------------------------------------------------------- questions

    def _questions(self, title: str, spec: WorksheetSpec, source: SourceName | None) -> None:
        sheet = self.book.create_sheet(title)
        self.index.append((title, "questions", str(source.id) if source else "", ""))
        for column, (name, header, width) in enumerate(QUESTION_COLUMNS, start=1):
            _put(sheet, 1, column, name)
            _header(_put(sheet, 2, column, say(header)))
            letter = get_column_letter(column)
            sheet.column_dimensions[letter].width = width
            sheet.column_dimensions[letter].hidden = name in _HIDDEN_COLUMNS
        row = 3
        if source:
            _section(sheet, row, say("Data source: {source}", source=source.name))
            row += 1
        for section in spec.sections:
            fields = [field for field in spec.fields if field.section == section.id]
            if fields:
                _section(sheet, row, section.title)
                row += 1
            for field in fields:
                row = self._question(sheet, row, field, source)
        sheet.row_dimensions[1].hidden = True
        sheet.freeze_panes = "D3"
        _protect(sheet)

    def _question(self, sheet: Worksheet, row: int, field: FieldSpec, source: SourceName | None) -> int:
        """Write one question with its parts; returns the row below."""
        source_id = source.id if source else 0
        answer = self.found.answer(field.id, source_id)
        cells = laid_out(field, answer, self.around)
        line = _Line(sheet, row)
        line.locked("id", field.id)
        question = line.locked("question", written(f"{field.title}\n{field.question}"))
        question.font = Font(bold=True)
        line.locked("help", written(_help(field)))
        line.locked("revision", answer.revision if answer else 0)
        self._state(line, cells)
        own = f"{field.id} {sheet.title}" if source else field.id
        if field.kind == "rows":
            line.open("answer", cells.none, say("Rows: sheet “{sheet}”", sheet=own))
            self._choices(sheet, line.at("answer"), (field.none_label,), strict=True)
            self._rows(own, field, cells, source_id)
        elif field.kind == "single":
            self._part(line, field.columns[0], _cells_of(cells).get(ONLY, EMPTY))
        else:
            line.locked("answer", "")
            for part in field.parts:
                row += 1
                below = _Line(sheet, row)
                below.locked("id", field.id)
                below.locked("part", part.id)
                below.locked("question", written(f"    {_labelled(part)}"))
                below.locked("help", written(_hint(part)))
                self._part(below, part, _cells_of(cells).get(part.id, EMPTY))
        return row + 1

    def _state(self, line: _Line, cells: FieldCells) -> None:
        line.open("state", cells.state)
        self._choices(line.sheet, line.at("state"), tuple(map(say, STATES.values())), strict=True)
        line.open("owner", cells.owner)
        self._choices(line.sheet, line.at("owner"), self._people(), strict=False)
        line.open("due_on", cells.due_on).number_format = _DATE
        line.open("reason", cells.reason)

    def _part(self, line: _Line, part: PartSpec, cells: Cells) -> None:
        self._format(line.open("answer", cells.value), part)
        self._offer(line.sheet, line.at("answer"), part)
        if part.type in AMOUNTS:
            line.open("unit", cells.unit)
            self._offer_units(line.sheet, line.at("unit"), part)

    def _rows(self, title: str, field: FieldSpec, cells: FieldCells, source_id: int) -> None:
        sheet = self.book.create_sheet(title)
        self.index.append((title, "rows", str(source_id) if source_id else "", field.id))
        columns = list(_columns(field))
        for column, (name, header, part) in enumerate(columns, start=1):
            _put(sheet, 1, column, name)
            _header(_put(sheet, 3, column, written(header)))
            if part and (hint := _hint(part)) and not name.endswith(UNIT):
                _put(sheet, 4, column, written(hint)).alignment = _WRAPPED
            wide = part is not None and part.type in (
                "text",
                "long_text",
                "link",
                *("tags", "choices", "references"),
            )
            sheet.column_dimensions[get_column_letter(column)].width = (
                7 if part is None else 34 if wide else 20
            )
        _section(sheet, 2, f"{field.id} {field.title}. {field.question}")
        rows = 4 + min(len(cells.records) + _SPARE_ROWS, MOST_ROWS)
        for row in range(5, rows + 1):
            record = cells.records[row - 5] if row - 5 < len(cells.records) else None
            _put(sheet, row, 1, record.id if record else None).fill = _QUIET
            for column, (name, _, part) in enumerate(columns[1:], start=2):
                if part is None:
                    continue
                held = record.cells.get(part.id, EMPTY) if record else EMPTY
                is_unit = name.endswith(UNIT)
                cell = _open(_put(sheet, row, column, held.unit if is_unit else held.value))
                if not is_unit:
                    self._format(cell, part)
        for column, (name, _, part) in enumerate(columns[1:], start=2):
            if part is not None:
                letter = get_column_letter(column)
                where = f"{letter}5:{letter}{rows}"
                (self._offer_units if name.endswith(UNIT) else self._offer)(sheet, where, part)
        sheet.row_dimensions[1].hidden = True
        sheet.freeze_panes = "B5"
        _protect(sheet)

    # -------------------------------------------------------------- what may be chosen

    def _format(self, cell: Cell, part: PartSpec) -> None:
        """As text where a spreadsheet would otherwise make a date or number of what is typed."""
        if part.type == "date":
            cell.number_format = _DATE
        elif part.type not in ("number", *AMOUNTS):
            cell.number_format = _TEXT_FORMAT

    def _offer(self, sheet: Worksheet, where: str, part: PartSpec) -> None:
        match part.type:
            case "choice":
                words = tuple(written(label_of(part, key)) for key in part.choices)
                self._choices(sheet, where, words, strict=True)
            case "yes_no":
                self._choices(sheet, where, (say(YES), say(NO)), strict=True)
            case "person":
                self._choices(sheet, where, self._people(), strict=False)
            case "reference":
                words = tuple(
                    reference_text(each, self.around)
                    for target in part.to
                    for each in self.around.rows.get(target, ())
                )
                self._choices(sheet, where, words, strict=False)
            case _:
                return

    def _offer_units(self, sheet: Worksheet, where: str, part: PartSpec) -> None:
        if part.type == "duration":
            self._choices(sheet, where, tuple(map(duration_unit, DURATION_UNITS)), strict=True)

    def _people(self) -> tuple[str, ...]:
        return tuple(person_text(f"@{key}", self.around.people) for key in self.around.people)

    def _choices(self, sheet: Worksheet, where: str, words: tuple[str, ...], *, strict: bool) -> None:
        """A pick list; where it is not strict, anything else may be typed as well."""
        if not words:
            return
        column = self.lists.setdefault(words, get_column_letter(len(self.lists) + 1))
        source = f"={LISTS}!${column}$1:${column}${len(words)}"
        known = next(
            (
                each
                for each in sheet.data_validations.dataValidation
                if (each.formula1, bool(each.showErrorMessage)) == (source, strict)
            ),
            None,
        )
        if known is None:
            known = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=strict)
            known.error, known.errorTitle = say("Choose one of the list."), say("Not on the list")
            sheet.add_data_validation(known)
        known.add(where)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a sheet with questions, its cells by name."""

    sheet: Worksheet
    row: int

    def at(self, name: str) -> str:
        return f"{get_column_letter(_COLUMN_OF[name])}{self.row}"

    def locked(self, name: str, value: Any) -> Cell:
        cell = _put(self.sheet, self.row, _COLUMN_OF[name], value)
        cell.alignment, cell.border = _WRAPPED, _LINE
        return cell

    def open(self, name: str, value: Any, hint: str = "") -> Cell:
        cell = _open(_put(self.sheet, self.row, _COLUMN_OF[name], value))
        if hint:
            self.locked("unit", hint)
        return cell


_COLUMN_OF = {name: place for place, (name, _, _) in enumerate(QUESTION_COLUMNS, start=1)}


def _columns(field: FieldSpec) -> Iterator[tuple[str, str, PartSpec | None]]:
    """The columns of a sheet with rows: name, header, and the part that stands there."""
    yield "id", say("Row"), None
    for part in field.rows:
        yield part.id, _labelled(part), part
        if part.type in AMOUNTS:
            yield f"{part.id}{UNIT}", say("Currency") if part.type == "money" else say("Unit"), part


def _labelled(part: PartSpec) -> str:
    label = part.label or part.id
    return label if part.required else say("{label} (optional)", label=label)


def _cells_of(cells: FieldCells) -> Mapping[str, Cells]:
    return cells.records[0].cells if cells.records else {}


def _help(field: FieldSpec) -> str:
    example = say("Example: {example}", example=field.example) if field.example else ""
    hint = _hint(field.columns[0]) if field.kind == "single" else ""
    return "\n".join(text for text in (field.help, example, hint) if text)


def _hint(part: PartSpec) -> str:
    """What may stand in the cell, where a list beside it does not say so."""
    match part.type:
        case "choices":
            choices = ", ".join(part.choices.values())
            if part.open:
                return say("One or more, each on a line, or words of your own: {choices}", choices=choices)
            return say("One or more, each on a line: {choices}", choices=choices)
        case "tags":
            return say("Words, each on a line; {none} if there are none", none=NONE)
        case "references":
            return say("Places such as {place}, each on a line", place=f"{part.to[0]}/r1")
        case "reference":
            return say("A row of {questions}", questions=say(" or ").join(part.to))
        case "number":
            return say("A number in {unit}", unit=part.unit) if part.unit else say("A number")
        case "date":
            return say("A date")
        case "money":
            return say("An amount, with its currency beside it (EUR)")
        case "duration" | "quantity":
            return say("An amount, with its unit beside it")
        case _:
            return ""


# ------------------------------------------------------------------ cells


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> Cell:
    """Text is written as text whatever it looks like: never as a formula, never as an error value."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = value if value != "" else None
    if isinstance(value, str) and value:
        cell.data_type = "s"
    if isinstance(value, date):
        cell.number_format = _DATE
    return cell


def _open(cell: Cell) -> Cell:
    cell.protection, cell.fill, cell.border, cell.alignment = _OPEN, _TO_FILL, _LINE, _WRAPPED
    return cell


def _header(cell: Cell) -> None:
    cell.font, cell.fill, cell.alignment, cell.border = Font(bold=True), _HEAD, _WRAPPED, _LINE


def _section(sheet: Worksheet, row: int, text: str) -> None:
    column = _COLUMN_OF["question"] if row > 2 else 1
    _put(sheet, row, column, written(text)).font = Font(bold=True, size=13)


def _protect(sheet: Worksheet) -> None:
    """Against slips, not against people: no password. Columns and rows may be made wider."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = sheet.protection.formatCells = False
