"""A register file as projects-to-be: names, owners, stages, facts, and what a person must look at.

Reading never touches the database. What is particular to a register comes from its mapping; an unknown stage
word leaves the project unmapped, it is never guessed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lifecycle.errors import Invalid
from lifecycle.interchange.mappings import (
    PLAIN_ANSWERS,
    Located,
    RegisterMapping,
    RiskGroup,
    answer_of,
    folded,
    header_key,
    load_mappings,
    locate,
    recognition,
    risk_group_of,
    stage_of,
)
from lifecycle.interchange.proposals import (
    Proposal,
    date_order,
    is_a_list_of_people,
    propose,
    with_known_words,
)
from lifecycle.interchange.register_dates import RegisterDate, read_date
from lifecycle.interchange.register_headers import second_headers, settled_header
from lifecycle.interchange.register_words import NOTIONS
from lifecycle.interchange.tabular import (
    LARGEST_FILE_MEGABYTES,
    Row,
    RowProblem,
    Table,
    header_texts,
    likely_header,
    read_grids,
    table_at,
)
from lifecycle.interchange.tabular_text import Grid, is_blank, one_line
from lifecycle.interchange.told import LONG_NAME, NO_NAME, NO_PROJECT, ONE_CELL, Told
from lifecycle.language import mark, say
from lifecycle.vocabulary import ProjectStatus, Stage

LONGEST_NAME = 400
LONGEST_ORGANISATION = 200
LONGEST_ID = 200
_EARLY_ROWS = 30
_FULL_ROW = 3  # cells
_MOST_NAMED = 8
_SAVED_FIRST = 10_000
_SAMPLED_ROWS, _MOST_SAMPLES, _LONGEST_SAMPLE = 200, 4, 60
# A label that adds up, perhaps with its number: "Total", "Grand total: 60 projects", "Summe (60)".
_TOTAL = re.compile(
    r"(?:grand |sub-?|overall )?(?:totals?|sum|count|totaal|gesamt|summe|insgesamt)"
    r"(?:\s*[:(=\u2013-]?\s*[\d.,]+\s*\)?(?:\s+\w+)?|\s*:)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*%?")
_NOTE = re.compile(
    r"(?:\*|\u2020|(?:source|notes?|legend|as of|last updated|exported|generated|bron|quelle|stand)\s*:|\u00a9)",
    re.IGNORECASE,
)


# Rows that are no projects: of one, and of several.
_LEFT_OUT = {
    "heading": (
        mark("Row {row} is a heading, so no project was made of it."),
        mark("Rows {rows} and {last} are headings, so no project was made of them."),
    ),
    "second header": (
        mark("Row {row} is a second header, so no project was made of it."),
        mark("Rows {rows} and {last} are second headers, so no project was made of them."),
    ),
    "total": (
        mark("Row {row} is a total, so no project was made of it."),
        mark("Rows {rows} and {last} are totals, so no project was made of them."),
    ),
    "note": (
        mark("Row {row} is a note, so no project was made of it."),
        mark("Rows {rows} and {last} are notes, so no project was made of them."),
    ),
}


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One project as its register tells it.

    `identity` is the same at every import of the same file, in whatever order its rows stand; `group` is the
    part of it that rows sharing name and organisation have in common. Facts are (label, value) in the
    mapping's order.
    """

    row_number: int
    name: str
    organisation: str
    external_id: str | None
    stage: Stage | None
    stage_word: str
    status: ProjectStatus
    risk: str
    risk_group: RiskGroup
    facts: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]  # the cells of columns that the mapping has no notion of, by header
    dates: tuple[RegisterDate, ...]
    content_digest: str
    group: str
    identity: str


@dataclass(frozen=True, slots=True)
class StageWord:
    """One word of the stage column ("" for a blank) and where its rows stand; stage None: a person decides."""

    word: str
    rows: int
    stage: Stage | None
    status: ProjectStatus


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows that may be one project told twice. `shared` says what they have in common."""

    shared: str
    name: str
    organisation: str
    rows: tuple[int, ...]
    identical: bool


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """All that one file says. `problems` name row and column; those not `kept` became no row."""

    mapping: RegisterMapping
    file_name: str
    file_digest: str
    source: str
    headers: tuple[str, ...]
    rows: tuple[RegisterRow, ...]
    problems: tuple[RowProblem, ...]
    notes: tuple[str, ...]
    sheets: tuple[str, ...] = ()  # every sheet or list that could have been read
    samples: tuple[tuple[str, ...], ...] = ()  # some texts of each column
    header_row: int = 1  # its number in the file

    @property
    def columns(self) -> dict[str, str | None]:
        """The header that each of our notions was found under; None where there is no such column."""
        place = locate(self.mapping, self.headers)
        found = {notion: getattr(place, notion) for notion in NOTIONS}
        return {notion: None if at is None else self.headers[at] for notion, at in found.items()}

    @property
    def date_columns(self) -> tuple[str, ...]:
        """The headers of the columns that are read as dates."""
        return tuple(self.headers[at] for _, at in locate(self.mapping, self.headers).dates)

    @property
    def stage_words(self) -> tuple[StageWord, ...]:
        """Every word of the stage column with its rows and place, those nobody knows first, then by rows."""
        counts: dict[tuple[str, Stage | None, ProjectStatus], int] = {}
        for row in self.rows:
            told = (row.stage_word, row.stage, row.status)
            counts[told] = counts.get(told, 0) + 1
        words = [StageWord(word, rows, stage, status) for (word, stage, status), rows in counts.items()]
        return tuple(sorted(words, key=lambda each: (each.stage is not None, -each.rows, each.word)))

    @property
    def duplicates(self) -> tuple[Duplicates, ...]:
        """Rows that share an id, or name and organisation; each stays a project of its own."""
        return _duplicates(self.rows)

    @property
    def by_stage(self) -> dict[str, int]:
        """Rows per stage, all five named, those unmapped left out."""
        counts = Counter(row.stage for row in self.rows)
        return {stage.value: counts[stage] for stage in Stage}

    @property
    def by_status(self) -> dict[str, int]:
        """Mapped rows per status."""
        counts = Counter(row.status for row in self.rows if row.stage)
        return {status.value: counts[status] for status in ProjectStatus if counts[status]}

    @property
    def unmapped_words(self) -> dict[str, int]:
        """Stage words that the mapping does not know, the most frequent first; "" stands for a blank."""
        return dict(Counter(row.stage_word for row in self.rows if not row.stage).most_common())

    @property
    def organisations(self) -> tuple[str, ...]:
        return tuple(sorted({row.organisation for row in self.rows if row.organisation}))


@dataclass(frozen=True, slots=True)
class _Choice:
    """A sheet, its header row and the mapping that recognises it, with how well."""

    score: float
    grid: Grid
    header: int
    mapping: RegisterMapping


def read_register(
    content: bytes,
    filename: str,
    mapping: RegisterMapping | None = None,
    organisation: str | None = None,
    *,
    mappings: Sequence[RegisterMapping] | None = None,
    saved: Sequence[RegisterMapping] = (),
    sheet: str | None = None,
    encoding: str | None = None,
    largest_megabytes: int = LARGEST_FILE_MEGABYTES,
) -> RegisterReading:
    """Read a register with the given mapping, else with the best of `saved` and `mappings` (those shipped).

    A saved mapping goes first for a file that has all of its headers. Without any that knows the headers, one is
    proposed from them and from what the columns hold. `organisation` fills rows whose file names none, `sheet`
    names the sheet of a workbook (or the list of a JSON document) to read. Raises Invalid when the file cannot be
    read, when it is no register, or when no row holds anything; GuideError when a shipped mapping is broken.
    """
    grids = read_grids(
        content,
        filename,
        largest_megabytes=largest_megabytes,
        encoding=encoding or (mapping.encoding if mapping else None),
    )
    sheets = tuple(grid.source for grid in grids)
    if sheet is not None:
        grids = _only(grids, sheet, filename)
    shipped = load_mappings() if mappings is None else mappings
    known = (*saved, *map(with_known_words, shipped))
    choice = _choice(grids, mapping, known, filename)
    header = settled_header(choice.grid, choice.header, choice.mapping)
    place = locate(choice.mapping, header_texts(choice.grid, header))
    again = second_headers(choice.grid, header, place)
    table = table_at(choice.grid, header, again)
    if not table.rows:
        raise Invalid(say("{filename} has headers but no rows below them.", filename=filename))
    if place.stage is None and is_a_list_of_people(table):
        raise Invalid(
            say(
                "{filename} looks like a list of people: nearly every row has an e-mail address of its own.",
                filename=filename,
            )
        )
    reader = _Reader(choice.mapping, table, one_line(organisation or "")[:LONGEST_ORGANISATION])
    if again:
        reader.left_out["second header"] = list(again)
    rows, problems = reader.read()
    left_out = {number for numbers in reader.left_out.values() for number in numbers}
    odd = [problem for problem in table.problems if problem.row not in left_out]
    problems = sorted([*odd, *problems], key=lambda problem: problem.row)
    return RegisterReading(
        mapping=choice.mapping,
        file_name=filename,
        file_digest=hashlib.sha256(content).hexdigest(),
        source=choice.grid.source,
        headers=table.headers,
        rows=rows,
        problems=tuple(problems),
        notes=(*_other_sheets(grids, choice, known), *reader.notes(rows)),
        sheets=sheets,
        samples=_samples(table),
        header_row=choice.grid.rows[header].number,
    )


def _only(grids: Sequence[Grid], sheet: str, filename: str) -> tuple[Grid, ...]:
    """The grids of that source, or of the sheet of that name."""
    wanted = sheet.casefold()
    found = tuple(grid for grid in grids if grid.source == sheet or f"“{wanted}”" in grid.source.casefold())
    if not found:
        names = ", ".join(grid.source for grid in grids)
        raise Invalid(
            say(
                "{filename} has no visible sheet or list “{sheet}”. There is: {names}.",
                filename=filename,
                sheet=sheet,
                names=names,
            )
        )
    return found


def _samples(table: Table) -> tuple[tuple[str, ...], ...]:
    """For each column the first different texts in it, for people who say what it is."""
    found: list[dict[str, None]] = [{} for _ in table.headers]
    for row in table.rows[:_SAMPLED_ROWS]:
        for place, cell in enumerate(row.values):
            if len(found[place]) < _MOST_SAMPLES and not is_blank(cell):
                found[place].setdefault(one_line(cell)[:_LONGEST_SAMPLE])
    return tuple(tuple(texts) for texts in found)


def _choice(
    grids: Sequence[Grid], mapping: RegisterMapping | None, known: Sequence[RegisterMapping], filename: str
) -> _Choice:
    """The best sheet, header row and mapping; among equals the first, so the choice is always the same.

    A fallback mapping gives way to a proposal that finds more in the file.
    """
    choices = [choice for grid in grids for choice in _choices(grid, mapping, known)]
    best = max(choices, key=lambda choice: choice.score, default=None)
    if mapping is None and (best is None or best.mapping.fallback):
        proposal = propose(grids)
        if proposal is not None and (best is None or _finds_more(proposal, best)):
            return _Choice(1.0, proposal.grid, proposal.header, proposal.mapping)
    if best is None:
        raise Invalid(_unrecognised(grids, mapping, filename))
    return best


def _finds_more(proposal: Proposal, best: _Choice) -> bool:
    place = locate(best.mapping, header_texts(best.grid, best.header))
    chief = sum(each is not None for each in (place.external_id, place.organisation, place.stage, place.risk))
    more = (proposal.chief, proposal.has_dates) > (chief, bool(place.dates))
    return more or (place.stage is None and proposal.known_stage_cells > 0)


def _other_sheets(grids: Sequence[Grid], best: _Choice, known: Sequence[RegisterMapping]) -> list[str]:
    """A note for each sheet that is not read and looks like a register too."""
    candidates = [best.mapping, *known] if best.mapping.proposed else known
    others = {
        grid.source
        for grid in grids
        if grid is not best.grid and any(True for _ in _choices(grid, None, candidates))
    }
    return [
        say(
            "Only {source} was read; {other} looks like a register too.", source=best.grid.source, other=other
        )
        for other in sorted(others)
    ]


def _choices(
    grid: Grid, mapping: RegisterMapping | None, mappings: Sequence[RegisterMapping]
) -> Iterable[_Choice]:
    for header, row in enumerate(grid.rows[:_EARLY_ROWS]):
        headers = [one_line(cell) for cell in row.values]
        for candidate in [mapping] if mapping else mappings:
            score = _score(candidate, headers, explicit=mapping is not None)
            if score > 0:
                yield _Choice(score, grid, header, candidate)


def _score(mapping: RegisterMapping, headers: Sequence[str], *, explicit: bool) -> float:
    if not explicit:
        return recognition(mapping, headers) + (_SAVED_FIRST if _has_all(mapping, headers) else 0)
    located = locate(mapping, headers)
    return 0.0 if located.name is None else 1.0 + located.notions


def _has_all(mapping: RegisterMapping, headers: Sequence[str]) -> bool:
    """Whether these are all the headers that somebody saved this mapping for."""
    if mapping.recognise_share < 1 or not mapping.recognise:
        return False
    keys = {header_key(header) for header in headers if header}
    return any(keys.issuperset(map(header_key, layout)) for layout in mapping.recognise)


def _unrecognised(grids: Sequence[Grid], mapping: RegisterMapping | None, filename: str) -> str:
    grid = max(grids, key=lambda each: len(each.rows))
    header = grid.rows[likely_header(grid)]
    found = [one_line(cell)[:60] for cell in header.values if not is_blank(cell)]
    columns = ", ".join(say("“{text}”", text=text) for text in found[:12]) + (
        say(" and {number} more", number=len(found) - 12) if found[12:] else ""
    )
    if mapping:
        needed = say(
            "the mapping “{mapping}” needs a column for the name: {columns}",
            mapping=mapping.name,
            columns=", ".join(mapping.columns.name[:6]),
        )
    else:
        needed = say(
            "a register needs a column for the name of each project (“Use Case Name”, “Project Name”…) "
            "and at least one for its stage, organisation, id, risk or dates; a mapping file can name yours"
        )
    return say(
        "{filename} is not recognised as a register. Row {row} has the columns {columns}; {needed}.",
        filename=filename,
        row=header.number,
        columns=columns,
        needed=needed,
    )


class _Reader:
    """Turns the rows of one table into register rows."""

    def __init__(self, mapping: RegisterMapping, table: Table, organisation: str) -> None:
        self.mapping, self.table, self.given_organisation = mapping, table, organisation
        self.place: Located = locate(mapping, table.headers)
        self.unnamed_places = sorted(set(range(len(table.headers))) - self.place.all_places)
        self.problems: list[RowProblem] = []
        self.left_out: dict[str, list[int]] = {"heading": list(table.headings)} if table.headings else {}
        filled = sorted(sum(not is_blank(cell) for cell in row.values) for row in table.rows)
        self.usually_filled = filled[len(filled) // 2]
        self.date_order = mapping.date_order
        if mapping.fallback and self.date_order == "unknown":
            self.date_order = date_order(table.rows, range(len(table.headers)))
        pattern = mapping.organisation_from_id
        self.id_pattern = re.compile(pattern) if pattern else None
        ids = Counter(self._cell(row, self.place.external_id) for row in table.rows)
        self.unique_ids = {text for text, count in ids.items() if text and count == 1}

    def read(self) -> tuple[tuple[RegisterRow, ...], list[RowProblem]]:
        rows = [found for row in self.table.rows if (found := self._row(row)) is not None]
        return _told_apart(rows), self.problems

    def notes(self, rows: Sequence[RegisterRow]) -> list[str]:
        notes = [_left_out(what, numbers) for what, numbers in self.left_out.items()]
        if self.place.stage is None:
            notes.append(say("No column names a stage, so every project is unmapped."))
        if any(not row.organisation for row in rows):
            notes.append(say("Some rows name no organisation; give one with --organisation."))
        return notes

    def _cell(self, row: Row, place: int | None) -> str:
        if place is None or is_blank(row.values[place]):
            return ""
        return one_line(row.values[place])

    def _row(self, row: Row) -> RegisterRow | None:
        if what := _no_project(row):
            self.left_out.setdefault(what, []).append(row.number)
            return None
        place = self.place
        external_id = self._cell(row, place.external_id)[:LONGEST_ID]
        name = self._name(row, external_id)
        if not name:
            return None
        organisation = self._organisation(row, external_id)
        stage_word, risk = self._cell(row, place.stage), self._cell(row, place.risk)
        found = stage_of(self.mapping, stage_word)
        group = self._group(external_id, name, organisation)
        return RegisterRow(
            row_number=row.number,
            name=name,
            organisation=organisation,
            external_id=external_id or None,
            stage=found[0] if found else None,
            stage_word=stage_word,
            status=found[1] if found else ProjectStatus.ACTIVE,
            risk=risk,
            risk_group=risk_group_of(self.mapping, risk),
            facts=self._facts(row),
            others=self._others(row),
            dates=self._dates(row),
            content_digest=_content_digest(self.table.headers, row),
            group=group,
            identity=group,
        )

    def _name(self, row: Row, external_id: str) -> str:
        """The name on one line; a row without one goes by its id, and without either is left to a person."""
        column = self.table.headers[self.place.name or 0]
        name = self._cell(row, self.place.name)
        if len(name) > LONGEST_NAME:
            told = Told(
                LONG_NAME,
                number=len(name),
                most=LONGEST_NAME,
            )
            self.problems.append(RowProblem(row.number, column, told))
            return name[: LONGEST_NAME - 1].rstrip() + "…"
        if name:
            self._doubt(row, column)
            return name
        if external_id:
            told = Told(NO_NAME, id=external_id)
            self.problems.append(RowProblem(row.number, column, told))
            return external_id
        filled = [one_line(cell) for cell in row.values if not is_blank(cell)]
        told = Told(
            NO_PROJECT,
            begin=" · ".join(filled)[:200],
        )
        self.problems.append(RowProblem(row.number, column, told, kept=False))
        return ""

    def _doubt(self, row: Row, column: str) -> None:
        """A row that says nothing but a name among full ones may be a heading or a note: a person has to look."""
        filled = sum(not is_blank(cell) for cell in row.values)
        if filled == 1 and self.usually_filled >= _FULL_ROW:
            told = Told(ONE_CELL)
            self.problems.append(RowProblem(row.number, column, told))

    def _organisation(self, row: Row, external_id: str) -> str:
        """The column's word, else the one given for the file, else what the mapping reads out of the id."""
        own = self._cell(row, self.place.organisation)[:LONGEST_ORGANISATION] or self.given_organisation
        if own or not self.id_pattern:
            return own
        match = self.id_pattern.search(external_id)
        return match[1] if match else ""

    def _group(self, external_id: str, name: str, organisation: str) -> str:
        """What an identity rests on: the id where it is unique, with its owner unless it is so everywhere.

        A bare number of an unknown owner also needs its name, or two agencies' first projects would be one.
        """
        if external_id not in self.unique_ids:
            return "name:" + _digest([name.casefold(), organisation.casefold()])
        if self._is_unique_everywhere(external_id):
            return "id:" + _digest([external_id])
        return "id:" + _digest([external_id, organisation.casefold() or ["", name.casefold()]])

    def _is_unique_everywhere(self, external_id: str) -> bool:
        if self.mapping.external_ids_unique_in != "register":
            return False
        return self.id_pattern is None or self.id_pattern.search(external_id) is not None

    def _facts(self, row: Row) -> tuple[tuple[str, str], ...]:
        facts = []
        for label, place in self.place.facts:
            if not is_blank(row.values[place]):
                kind = answer_of(self.mapping, row.values[place])
                whole = folded(row.values[place]) in self.mapping.answer_words
                facts.append(
                    (label, PLAIN_ANSWERS[kind] if whole and kind in PLAIN_ANSWERS else row.values[place])
                )
        return tuple(facts)

    def _others(self, row: Row) -> tuple[tuple[str, str], ...]:
        others = [
            (self.table.headers[place], row.values[place])
            for place in self.unnamed_places
            if not is_blank(row.values[place])
        ]
        if row.extra:
            others.append(("Beyond the last header", " · ".join(map(one_line, row.extra))))
        return tuple(others)

    def _dates(self, row: Row) -> tuple[RegisterDate, ...]:
        dates = []
        for label, place in self.place.dates:
            text = self._cell(row, place)
            if text and answer_of(self.mapping, text) != "not_applicable":
                day = read_date(text, order=self.date_order, earliest_year=self.mapping.earliest_year)
                dates.append(RegisterDate(label, text, day))
        return tuple(dates)


def _no_project(row: Row) -> str:
    """ "total" or "note" when the row is clearly that and no project; else nothing."""
    first, *others = [cell for cell in (*row.values, *row.extra) if not is_blank(cell)]
    if _TOTAL.fullmatch(one_line(first)) and all(_NUMBER.fullmatch(one_line(cell)) for cell in others):
        return "total"
    return "note" if not others and _NOTE.match(one_line(first)) else ""


def _left_out(what: str, numbers: Sequence[int]) -> str:
    """ "Rows 2, 23 and 44 are headings, so no project was made of them." """
    one, many = _LEFT_OUT[what]
    if len(numbers) == 1:
        return say(one, row=numbers[0])
    *shown, last = [str(number) for number in numbers[:_MOST_NAMED]]
    if len(numbers) > _MOST_NAMED:
        shown, last = [*shown, last], say("{number:,} more", number=len(numbers) - _MOST_NAMED)
    return say(many, rows=", ".join(shown), last=last)


def _told_apart(rows: Sequence[RegisterRow]) -> tuple[RegisterRow, ...]:
    """Rows with identities of their own: rows of one group get their content's digest, equal ones a count."""
    sizes = Counter(row.group for row in rows)
    copies: dict[str, int] = defaultdict(int)
    told = []
    for row in rows:
        if sizes[row.group] == 1:
            told.append(row)
            continue
        identity = f"{row.group}#{row.content_digest[:16]}"
        copies[identity] += 1
        told.append(
            replace(row, identity=identity if copies[identity] == 1 else f"{identity}#{copies[identity]}")
        )
    return tuple(told)


def _duplicates(rows: Sequence[RegisterRow]) -> tuple[Duplicates, ...]:
    by_name: dict[tuple[str, str], list[RegisterRow]] = defaultdict(list)
    by_id: dict[tuple[str, str], list[RegisterRow]] = defaultdict(list)
    for row in rows:
        by_name[row.name.casefold(), row.organisation.casefold()].append(row)
        if row.external_id:
            by_id[row.external_id, row.organisation.casefold()].append(row)
    found = []
    for (external_id, _), same in by_id.items():
        if len(same) > 1:
            found.append(_duplicate(say("the id “{id}”", id=external_id), same))
    told = {duplicate.rows for duplicate in found}
    for same in by_name.values():
        if len(same) > 1 and tuple(row.row_number for row in same) not in told:
            found.append(_duplicate(say("name and organisation"), same))
    return tuple(sorted(found, key=lambda duplicate: duplicate.rows))


def _duplicate(shared: str, rows: Sequence[RegisterRow]) -> Duplicates:
    return Duplicates(
        shared=shared,
        name=rows[0].name,
        organisation=rows[0].organisation,
        rows=tuple(row.row_number for row in rows),
        identical=len({row.content_digest for row in rows}) == 1,
    )


def _content_digest(headers: Sequence[str], row: Row) -> str:
    """Digest of all that the row says: indifferent to column order, white space and blank columns."""
    said = sorted(
        (folded(header), one_line(cell)) for header, cell in zip(headers, row.values, strict=True) if cell
    )
    return _digest([said, [one_line(cell) for cell in row.extra]])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]
