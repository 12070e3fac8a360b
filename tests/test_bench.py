"""The measurements themselves: they can be asked for, their figures judged, their file read by others."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bench.answers import answer_to
from bench.registers import HEADERS, ROWS, register
from bench.results import PAGE, RESULTS, Result, at_least, at_most, page, table, write
from bench.run import MEASUREMENTS, main
from lifecycle.guide import FieldSpec
from lifecycle.rules.answers import is_complete, parse
from tests.rules.building import guide


def test_bench_knows_its_measurements(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weather"]) == 2
    named = capsys.readouterr().err.partition("There are: ")[2]
    assert named == ", ".join(MEASUREMENTS) + ".\n"


def test_bench_calls_a_missed_goal_missed() -> None:
    results = [
        at_most("rerun", 1.5, "times", 1),
        at_least("steps", 10, "steps", 5),
        Result("stock", 60, "ms"),
    ]
    assert [result.holds for result in results] == [False, True, None]
    assert [line.split()[3:4] for line in table(results).splitlines()] == [["MISSED"], ["holds"], []]


def test_bench_file_has_its_form(tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    write({"pages": [at_most("rerun", 0.5, "times", 1)]}, written)
    for file in (written, RESULTS):
        lines = json.loads(file.read_text("utf-8"))
        assert lines
        for line in lines:
            assert list(line)[:5] == ["name", "value", "unit", "goal", "holds"]
            assert (line["goal"] is None) == (line["holds"] is None)
            assert line["measurement"] in MEASUREMENTS


def test_bench_of_one_measurement_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    write(
        {"saving": [Result("saved", 4, "ms")], "pages": [Result("rerun", 9, "ms"), Result("old", 1, "")]},
        file,
    )
    write({"pages": [Result("rerun", 7, "ms")]}, file)
    found = [
        (line["measurement"], line["name"], line["value"]) for line in json.loads(file.read_text("utf-8"))
    ]
    assert found == [("saving", "saved", 4), ("pages", "rerun", 7)]


def test_bench_page_says_what_the_file_says() -> None:
    """Whoever edits one of them by hand is told."""
    assert PAGE.read_text("utf-8") == page(json.loads(RESULTS.read_text("utf-8")))


def test_bench_page_names_goals_their_side_and_what_was_missed(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    write({"pages": [at_most("rerun", 1.5, "times", 1), at_least("steps", 10, "steps", 5)]}, file)
    written = page(json.loads(file.read_text("utf-8")))
    assert "1 of 2 goals were missed" in written
    assert "| rerun | 1.50 times | at most 1 | **no** |" in written
    assert "| steps | 10.00 steps | at least 5 | yes |" in written


@pytest.mark.parametrize("field", tuple(guide().fields.values()), ids=lambda field: field.id)
def test_bench_answers_every_question_in_full(field: FieldSpec) -> None:
    assert is_complete(field, parse(field, answer_to(field)))


def test_bench_register_has_the_size_that_is_promised() -> None:
    headers, *rows = csv.reader(io.StringIO(register().decode()))
    assert tuple(headers) == HEADERS
    assert len(rows) == ROWS
