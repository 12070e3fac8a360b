"""A worksheet goes out as a workbook and comes back: untouched it changes nothing, touched exactly what was touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, get_args

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.actions import answers, sources
from lifecycle.canonical import canonical_json
from lifecycle.errors import Forbidden, Invalid, NotFound
from lifecycle.events import chain_stamp, project_chain, verify_all
from lifecycle.guide import FieldSpec, Guide, PartType
from lifecycle.interchange.tabular import spreadsheet_safe
from lifecycle.interchange.worksheet_cells import Around
from lifecycle.interchange.worksheet_fields import given_in, laid_out
from lifecycle.interchange.worksheet_import import SheetImport, SheetPlan, apply_import, plan_import
from lifecycle.interchange.worksheet_reading import read_workbook
from lifecycle.interchange.worksheet_xlsx import make_workbook
from lifecycle.language import ENGLISH, speaking
from lifecycle.queries import worksheets
from lifecycle.queries.worksheets import AnswerView
from lifecycle.rules.answers import parse
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE, Actor, AnswerState, Stage
from tests import factories
from tests.clock import START
from tests.foreign import teach
from tests.rules.building import guide
from tests.rules.test_answers import FIELDS, field_of, raw_for

LATER = START + timedelta(hours=1)
FORMULA = '=HYPERLINK("https://evil.example";"click")'
PEOPLE = {"p1": "Ada Example"}
AROUND = Around(PEOPLE, {"D16": {"D16/r1": "Till clerks"}})


@dataclass
class Story:
    """One project and what is done to it."""

    database: Database
    cast: factories.Cast
    id: int
    key: str = "orders"

    def save(self, field_id: str, raw: Any = None, *, source_id: int = 0, **more: Any) -> None:
        with self.database.write() as session:
            answers.save(
                session,
                by=self.cast.pat,
                at=START,
                guide=self.cast.guide,
                project_id=self.id,
                field_id=field_id,
                raw=raw,
                source_id=source_id,
                base=None,
                **more,
            )

    def download(self, stage: Stage | None = Stage.DISCOVERY) -> bytes:
        with self.database.read() as session:
            return make_workbook(
                session, by=self.cast.pat, at=START, guide=self.cast.guide, key=self.key, stage=stage
            ).data

    def plan(self, content: bytes, by: Actor | None = None) -> SheetPlan:
        with self.database.read() as session:
            return plan_import(session, **self._about(content, by))

    def bring(self, content: bytes, by: Actor | None = None, **more: Any) -> SheetImport:
        with self.database.write() as session:
            return apply_import(session, **self._about(content, by), **more)

    def _about(self, content: bytes, by: Actor | None) -> dict[str, Any]:
        who = by or self.cast.pat
        return {
            "by": who,
            "at": LATER,
            "guide": self.cast.guide,
            "key": self.key,
            "content": content,
            "name": "filled.xlsx",
        }

    def answer(self, field_id: str, source_id: int = 0) -> AnswerView:
        with self.database.read() as session:
            found = worksheets.sheet(session, project_id=self.id).answer(field_id, source_id)
        assert found is not None
        return found

    def events(self) -> int:
        with self.database.read() as session:
            return chain_stamp(session, project_chain(self.id))


@pytest.fixture
def story(database: Database) -> Story:
    with database.write() as session:
        cast = factories.cast(session, guide())
        return Story(database, cast, factories.project(session, cast))


def fill(content: bytes, *cells: tuple[str, str, Any]) -> bytes:
    """The workbook with these cells typed in: id of the question or part ("D05", "D05.horizon"), column, content."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for field_id, column, typed in cells:
        sheet, row, place = _find(book, field_id, column)
        sheet.cell(row, place).value = typed
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _find(book: openpyxl.Workbook, field_id: str, column: str) -> tuple[Any, int, int]:
    wanted, _, part = field_id.partition(".")
    for sheet in book.worksheets:
        names = {cell.value: cell.column for cell in sheet[1]}
        if "revision" not in names:
            continue
        for row in range(3, sheet.max_row + 1):
            here = (sheet.cell(row, names["id"]).value, sheet.cell(row, names["part"]).value or "")
            if here == (wanted, part):
                return sheet, row, names[column]
    raise AssertionError(f"no {field_id} in the file")


# ------------------------------------------------------------------ nothing lost, nothing made up


def _there_and_back(spec: FieldSpec, stored: Any) -> None:
    view = AnswerView(
        1, 1, AnswerState.ANSWERED, canonical_json(stored), None, None, None, START, "p1", "Ada"
    )
    cells = laid_out(spec, view, AROUND)
    found, problems = given_in(spec, cells)
    assert problems == []
    assert found is not None
    assert parse(spec, found.raw) == stored
    for record in cells.records:
        for held in record.cells.values():
            for text in (held.value, held.unit):
                assert not isinstance(text, str) or spreadsheet_safe(text) == text


@pytest.mark.parametrize("kind", get_args(PartType))
@settings(max_examples=60)
@given(data=st.data())
def test_every_type_comes_back_from_its_cells(kind: PartType, data: st.DataObject) -> None:
    spec = field_of(kind)
    stored = parse(spec, data.draw(raw_for(spec)))
    if stored is not None:
        _there_and_back(spec, stored)


@pytest.mark.parametrize("spec", FIELDS, ids=[spec.id for spec in FIELDS])
@settings(max_examples=4)
@given(data=st.data())
def test_every_question_comes_back_from_its_cells(spec: FieldSpec, data: st.DataObject) -> None:
    stored = parse(spec, data.draw(raw_for(spec)))
    if stored is not None:
        _there_and_back(spec, stored)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), stage=st.sampled_from([*Stage, None]))
def test_untouched_worksheet_changes_nothing(story: Story, data: st.DataObject, stage: Stage | None) -> None:
    _answer_some(story, data, stage)
    before = story.events()

    content = fill(story.download(stage))  # opened and saved again by another program
    plan = story.plan(content)
    assert (plan.changes, plan.conflicts, plan.problems) == ((), (), ())
    assert story.bring(content).changed == 0
    assert story.events() == before


def _answer_some(story: Story, data: st.DataObject, stage: Stage | None) -> None:
    about: dict[str, Any] = {
        "by": story.cast.pat,
        "at": START,
        "guide": story.cast.guide,
        "project_id": story.id,
    }
    of_stage = [spec for spec in FIELDS if spec.stage is stage]
    asked = data.draw(
        st.lists(st.sampled_from(of_stage), min_size=1, max_size=8, unique_by=lambda spec: spec.id)
    )
    with story.database.write() as session:
        known = [source.id for source in worksheets.sources(session, project_id=story.id)]
        if stage is None and not known:
            known = [sources.add(session, **about, name=name) for name in ("=Tills", "Weather")]
        source_id = known[0] if stage is None else 0
        answers.save_many(session, **about, source_id=source_id, given=list(_drawn(asked, data)))


def _drawn(asked: list[FieldSpec], data: st.DataObject) -> Iterator[answers.GivenAnswer]:
    for spec in asked:
        match data.draw(st.integers(0, 9)):
            case 0:
                yield answers.GivenAnswer(
                    spec.id, state=AnswerState.DONT_KNOW, owner="=cmd", due_on=date(2026, 12, 1)
                )
            case 1:
                yield answers.GivenAnswer(
                    spec.id, state=AnswerState.NOT_APPLICABLE, reason="@SUM(1)\nx005F_ _x0041_"
                )
            case _:
                yield answers.GivenAnswer(spec.id, data.draw(raw_for(spec)))


# ------------------------------------------------------------------ what was touched


def test_what_is_typed_in_is_shown_old_and_new_and_then_saved(story: Story) -> None:
    story.save("D01", "Planners phone round")
    story.save("D03", "How many vans to send")
    content = fill(
        story.download(),
        ("D01", "answer", f"'{FORMULA}"),
        ("D05.value", "answer", 3),
        ("D05.value", "unit", "EUR a day"),
        ("D12", "answer", "recommends an action"),
        ("D03", "answer", None),
        ("D25", "state", "Don\u2019t know yet"),
        ("D25", "owner", "Pat"),
        ("D25", "due_on", date(2030, 5, 1)),
        ("D18", "state", "Not applicable"),
        ("D18", "reason", "Nobody reads it"),
        ("D16", "answer", "There are none"),
    )
    before = story.events()

    shown = {change.place[1]: (change.before, change.after) for change in story.plan(content).changes}
    assert "3 EUR a day" in shown.pop("D05")[1]
    assert shown == {
        "D01": ("Planners phone round", FORMULA),
        "D03": ("How many vans to send", "—"),
        "D12": ("—", "Recommends an action"),
        "D16": ("—", guide().field("D16").none_label),
        "D18": ("—", "Does not apply: Nobody reads it"),
        "D25": ("—", "Not known yet; Pat finds out by 2030-05-01"),
    }
    assert story.events() == before

    assert story.bring(content).changed == 7
    assert story.events() == before + 7
    with story.database.read() as session:
        newest = worksheets.answer_history(session, project_id=story.id, field_id="D01")[0]
        assert (newest.stored, newest.method) == (FORMULA, "spreadsheet")
    assert story.answer("D25").due_on == date(2030, 5, 1)
    assert story.bring(content).changed == 0
    with story.database.read() as session:
        assert verify_all(session) == []


def test_rows_are_added_changed_and_taken_out_on_their_sheet(story: Story) -> None:
    story.save("D16", [{"id": "r1", "name": "Till clerks"}, {"id": "r2", "name": "Drivers"}])
    book = openpyxl.load_workbook(io.BytesIO(story.download()))
    sheet = book["D16"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(5, columns["name"]).value = "Clerks"
    sheet.cell(6, columns["name"]).value = None
    sheet.cell(9, columns["name"]).value = "Buyers"
    target = io.BytesIO()
    book.save(target)

    story.bring(target.getvalue())

    assert [(row["id"], row["name"]) for row in story.answer("D16").stored] == [
        ("r1", "Clerks"),
        ("r2", "Buyers"),
    ]


def test_newer_answer_is_a_conflict_and_stays_unless_somebody_chooses(story: Story) -> None:
    story.save("D01", "As downloaded")
    story.save("D03", "Untouched")
    content = fill(
        story.download(), ("D01", "answer", "From the file"), ("D12", "answer", "Informs a person")
    )
    story.save("D01", "Typed meanwhile")
    story.save("D03", "Typed meanwhile too")

    plan = story.plan(content)
    assert [(each.place, each.before, each.after, each.by_name) for each in plan.conflicts] == [
        ((0, "D01"), "Typed meanwhile", "From the file", "Pat")
    ]
    assert [each.place for each in plan.changes] == [(0, "D12")]

    done = story.bring(content)
    assert (done.changed, [each.place for each in done.kept]) == (1, [(0, "D01")])
    assert story.answer("D01").stored == "Typed meanwhile"
    assert story.answer("D03").stored == "Typed meanwhile too"

    story.bring(content, overwrite={((0, "D01"), 2)})
    assert (story.answer("D01").stored, story.answer("D01").revision) == ("From the file", 3)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (("D12", "answer", "Perhaps"), "is not one of"),
        (("D01", "answer", "=1+1"), "holds a formula"),
        (("D05.value", "answer", "many"), "needs a number"),
        (("D25", "state", "Unsure"), "is none of"),
        (("D25", "state", "Don't know yet"), "Who finds out"),
        (("D18", "answer", "maybe"), "rows have a sheet of their own"),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_cell_and_nothing_is_saved(
    story: Story, cell: tuple[str, str, Any], words: str
) -> None:
    content = fill(story.download(), ("D03", "answer", "A good one"), cell)
    before = story.events()

    problems = story.plan(content).problems
    with pytest.raises(Invalid) as refused:
        story.bring(content)

    book = openpyxl.load_workbook(io.BytesIO(content))
    _, row, _ = _find(book, cell[0], cell[1])
    assert any(
        problem.place.startswith("Questions!") and problem.place.endswith(str(row)) for problem in problems
    )
    assert words in str(refused.value)
    assert story.events() == before


def test_who_may_bring_it_in(story: Story) -> None:
    content = fill(story.download(), ("D01", "answer", "New"))

    with pytest.raises(NotFound):
        story.plan(content, by=story.cast.olu)
    with pytest.raises(Forbidden):
        story.bring(content, by=story.cast.ada)
    assert story.bring(content, by=COMMAND_LINE).changed == 1
    assert story.answer("D01").by_name == "Command line"


def test_files_that_are_no_worksheet_are_refused_in_a_sentence(story: Story) -> None:
    with story.database.write() as session:
        factories.project(session, story.cast, "Other")
    other = Story(story.database, story.cast, story.id, key="other")
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)

    with pytest.raises(Invalid, match="another project"):
        other.plan(story.download())
    for content, words in (
        (b"a,b", "no Excel"),
        (empty.getvalue(), "not a worksheet"),
        (story.download()[:900], "Excel|damaged"),
    ):
        with pytest.raises(Invalid, match=words):
            read_workbook(content, "x.xlsx", guide())


def test_the_workbook_locks_what_is_not_to_be_typed_and_offers_the_choices(story: Story) -> None:
    book = openpyxl.load_workbook(io.BytesIO(story.download()))
    sheet, row, answer = _find(book, "D12", "answer")

    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert not sheet.cell(row, answer).protection.locked
    assert sheet.cell(row, 1).protection.locked
    offered = [
        each
        for each in sheet.data_validations.dataValidation
        if sheet.cell(row, answer).coordinate in each.sqref
    ]
    assert len(offered) == 1
    column = offered[0].formula1.split("$")[1]
    words = [cell.value for cell in book["Lists"][column] if cell.value]
    assert words == list(guide().field("D12").columns[0].choices.values())
    assert all(
        cell.data_type != "f" for each in book.worksheets for line in each.iter_rows() for cell in line
    )


# ------------------------------------------------------------------ from one language to another


@pytest.fixture
def abroad(story: Story, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """The story for somebody who reads the other language."""
    teach(monkeypatch)
    with speaking("fr"):
        yield replace(story, cast=replace(story.cast, guide=_abroad(story.cast.guide)))


def _abroad(written: Guide) -> Guide:
    with speaking("fr"):
        said = written.said()
    # As `in_language` makes it, which would keep these words for the tests that follow.
    said._as_written = own = written.model_copy()
    own._by_language = {"fr": said}
    return said


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), stage=st.sampled_from([*Stage, None]))
def test_untouched_worksheet_changes_nothing_in_any_two_languages(
    abroad: Story, data: st.DataObject, stage: Stage | None
) -> None:
    at_home = replace(abroad, cast=replace(abroad.cast, guide=abroad.cast.guide.as_written))
    with speaking(ENGLISH):
        _answer_some(at_home, data, stage)
        in_english = fill(at_home.download(stage))
    in_french = fill(abroad.download(stage))

    for content in (in_english, in_french):
        told = abroad.plan(content)
        with speaking(ENGLISH):
            home = at_home.plan(content)
        for plan in (told, home):
            assert (plan.changes, plan.conflicts, plan.problems) == ((), (), ())


def test_what_was_filled_in_abroad_is_the_answer_it_would_be_at_home(abroad: Story) -> None:
    spec = next(
        each
        for each in abroad.cast.guide.worksheet(Stage.DISCOVERY).fields
        if each.kind == "single" and each.columns[0].type == "choice"
    )
    key, label = next(iter(spec.columns[0].choices.items()))
    content = fill(
        abroad.download(),
        (spec.id, "answer", label.replace("\u2019", "'").replace("\u00a0", " ").upper()),
        ("D01", "state", "L'autre – don't know yet"),
        ("D01", "owner", "Ada"),
        ("D01", "due_on", date(2026, 12, 1)),
    )
    assert label.startswith("L\u2019autre")
    with speaking(ENGLISH):
        at_home = replace(abroad, cast=replace(abroad.cast, guide=abroad.cast.guide.as_written))
        assert at_home.bring(content).changed == 2
    assert abroad.answer(spec.id).stored == key
    assert abroad.answer("D01").state is AnswerState.DONT_KNOW


def test_what_cannot_be_taken_is_told_to_who_brings_it_in_their_words(abroad: Story) -> None:
    content = fill(abroad.download(), ("D01", "state", "Perhaps"))
    assert "L\u2019autre\u00a0– Answered" in abroad.plan(content).problems[0].text
    with speaking(ENGLISH):
        home = replace(abroad, cast=replace(abroad.cast, guide=abroad.cast.guide.as_written)).plan(content)
    assert "is none of Answered, Don't know yet" in home.problems[0].text
