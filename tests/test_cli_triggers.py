"""`triggers replay`: every published rule at exactly its points, exit codes, and sentences for mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from lifecycle.cli import main

KEYS = {"nannyml": "chunk_key", "euhub": "report_date", "fte": "date", "nab": "timestamp"}
COLUMNS = {"target": "target_variable"}  # the expected file shortens it


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, ["triggers", "replay", *map(str, arguments)])


def _conditions(words: str) -> list[str]:
    if words == "rows with n>=5 only":
        return ["--where", "n>=5"]
    pairs = [part.strip().split("=") for part in words.split(";") if "=" in part]
    return [each for name, value in pairs for each in ("--where", f"{COLUMNS.get(name, name)}={value}")]


def _arguments(rule: dict[str, Any], data: Path) -> list[str | Path]:
    file = data / rule["file"]
    limit = rule["limit"]
    if limit == "per-row column":
        limit = rule["column"].replace("_value", "_lower_threshold")
    key = KEYS[file.name.split("-")[0].split("_")[0]]
    named = ["--key", key, "--column", rule["column"], f"--{rule['direction']}", str(limit)]
    return [file, *named, "--consecutive", str(rule["consecutive"]), *_conditions(rule["filter"]), "--json"]


def test_every_published_rule_fires_at_exactly_its_points(shared_data: Path) -> None:
    rules = json.loads((shared_data / "expected" / "triggers.json").read_text("utf-8"))["rules"]
    rules = [rule for rule in rules if "column" in rule]
    assert len(rules) == 57
    for rule in rules:
        arguments = _arguments(rule, shared_data)
        result = run(*arguments)
        found = json.loads(result.stdout)
        assert result.exit_code == 0
        for name in ("points", "breaches", "missing", "fires_at"):
            assert found[name] == rule[name], (rule["rule"], name)
        if other := rule.get("fires_at_if_missing_resets"):
            assert json.loads(run(*arguments, "--missing", "reset").stdout)["fires_at"] == other


def test_text_for_people_and_a_negative_limit(tmp_path: Path) -> None:
    file = tmp_path / "drift.csv"
    file.write_text("day,shift\n2024-02-02,-3\n2024-02-01,-2\n2024-01-01,0\n", "utf-8")
    result = run(file, "--key", "day", "--column", "shift", "--below", "-1.5", "--consecutive", "2")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "3 points in the order of time: 2 in breach, 0 missing, fires 1 time",
        "  2024-02-02",
    ]


def test_a_cell_that_is_no_number_is_named_and_fails_the_command(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("day,score\n2024-01-01,0.4\n2024-01-02,low\n2024-01-03,0.4\n", "utf-8")
    result = run(file, "--key", "day", "--column", "score", "--below", "0.5", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["points"], found["missing"], found["fires_at"]) == (3, 1, ["2024-01-01"])
    assert found["problems"] == [{"row": 3, "column": "score", "text": "“low” is not a number."}]
    assert "Row 3, column “score”" in result.stderr


def test_a_command_line_that_is_wrong_exits_with_2_and_a_file_that_is_wrong_with_1(tmp_path: Path) -> None:
    file = tmp_path / "short.csv"
    file.write_text("day,score\n2024-01-01,0.4\n", "utf-8")
    named = (file, "--key", "day", "--column", "score")
    for wrong in ((), ("--below", "1", "--above", "2"), ("--below", "1", "--consecutive", "0")):
        assert run(*named, *wrong).exit_code == 2, wrong
    assert run(*named, "--below", "1", "--missing", "guess").exit_code == 2
    for refused in (
        (tmp_path / "none.csv", "--key", "day", "--column", "score", "--below", "1"),
        (*named, "--below", "floor"),
        (*named, "--below", "1", "--where", "score"),
    ):
        result = run(*refused, "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["refused"] is True
        assert "Traceback" not in result.stderr
