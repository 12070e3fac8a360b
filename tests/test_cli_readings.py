"""`monitors add` and `readings push`: every published rule fires at exactly its points after storing; exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select
from typer.testing import CliRunner

from lifecycle.cli import main
from lifecycle.store.database import open_database
from lifecycle.store.tables import Firing, Incident, Monitor, Reading
from scripts.serving import ROOT
from tests.factories import cast, project
from tests.test_cli_triggers import _arguments

RULES = ROOT.parent / "shared" / "data" / "expected" / "triggers.json"


def published() -> list[dict[str, Any]]:
    """None where the shared data is not there: the tests are skipped then."""
    if not RULES.is_file():
        return []
    return [rule for rule in json.loads(RULES.read_text("utf-8"))["rules"] if "column" in rule]


class Terminal:
    """The command line over a database with one project, `orders`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str | Path, feed: str | None = None) -> Any:
        environment = {"LIFECYCLE_DATABASE_URL": self.url}
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environment, input=feed)

    def json(self, *arguments: str | Path, feed: str | None = None, exits: int = 0) -> Any:
        result = self(*arguments, "--json", feed=feed)
        assert result.exit_code == exits, result.output
        return json.loads(result.stdout)


def _with_a_project(url: str) -> Terminal:
    opened = open_database(url)
    with opened.write() as session:
        project(session, cast(session))
    opened.dispose()
    return Terminal(url)


@pytest.fixture
def terminal(database_url: str) -> Terminal:
    return _with_a_project(database_url)


@pytest.fixture(scope="module")
def shared_terminal(new_database: Callable[[], str]) -> Terminal:
    """One database for all published rules, each with a monitor of its own."""
    return _with_a_project(new_database())


@pytest.fixture
def weekly(tmp_path: Path) -> Path:
    file = tmp_path / "weekly.csv"
    file.write_text("week,accuracy\n2024-01-01,0.9\n2024-01-15,0.7\n2024-01-08,0.7\n2024-01-22,NA\n", "utf-8")
    return file


@pytest.mark.parametrize("rule", published() or [None], ids=lambda rule: rule["rule"] if rule else "none")
def test_every_published_rule_fires_at_exactly_its_points_after_storing(
    shared_terminal: Terminal, shared_data: Path, rule: dict[str, Any] | None
) -> None:
    if rule is None:
        pytest.skip("no published rules here")
    file, *options, _ = _arguments(rule, shared_data)
    key = shared_terminal.json("monitors", "add", "orders", "Published", *options)["monitor"]
    pushed = shared_terminal.json("readings", "push", "orders", key, file)
    for name in ("points", "breaches", "missing", "fires_at"):
        assert pushed[name] == rule[name], name
    assert (pushed["stored"], pushed["unchanged"]) == (rule["points"], 0)
    if rule["consecutive"] == 3:
        again = shared_terminal.json("readings", "push", "orders", key, file)
        assert (again["stored"], again["unchanged"], again["fires_at"]) == (0, rule["points"], [])
    opened = open_database(shared_terminal.url)
    with opened.read() as session:
        mine = session.exec(select(Monitor.id).where(Monitor.key == key)).one()
        stored = session.exec(select(func.count()).where(col(Reading.monitor_id) == mine)).one()
        fired = session.exec(
            select(Firing.key).where(col(Firing.monitor_id) == mine).order_by(col(Firing.at))
        ).all()
        incidents = session.exec(select(Incident.id).where(col(Incident.monitor_id) == mine)).all()
    opened.dispose()
    assert stored == rule["points"]
    assert list(fired) == rule["fires_at"]
    assert len(incidents) == min(1, len(rule["fires_at"])), "one incident, not one for each reading"


def test_published_rules_that_end_a_run_at_a_missing_value(terminal: Terminal, shared_data: Path) -> None:
    with_reset = [rule for rule in published() if "fires_at_if_missing_resets" in rule]
    assert len(with_reset) == 2
    for rule in with_reset:
        file, *options, _ = _arguments(rule, shared_data)
        added = terminal.json("monitors", "add", "orders", rule["rule"], *options, "--missing", "reset")
        pushed = terminal.json("readings", "push", "orders", added["monitor"], file)
        assert pushed["fires_at"] == rule["fires_at_if_missing_resets"]


def test_all_of_them_were_found() -> None:
    assert len(published()) in (0, 57)


def test_columns_are_guessed_and_file_order_does_not_matter(terminal: Terminal, weekly: Path) -> None:
    terminal.json("monitors", "add", "orders", "Accuracy", "--below", "0.8", "--consecutive", "2")
    pushed = terminal.json("readings", "push", "orders", "accuracy", weekly)
    assert (pushed["stored"], pushed["missing"], pushed["fires_at"]) == (4, 1, ["2024-01-15"])
    text = weekly.read_text("utf-8") + "2024-01-29,0.95\n"
    more = terminal.json("readings", "push", "orders", "accuracy", "-", feed=text)
    assert (more["stored"], more["unchanged"], more["late"]) == (1, 4, 0)
    listed = terminal.json("monitor", "list", "orders")
    assert [(one["monitor"], one["readings"], one["firings"]) for one in listed] == [("accuracy", 5, 1)]
    said = terminal("readings", "push", "orders", "accuracy", weekly)
    assert said.stdout.startswith("0 readings stored, 4 known already, 0 refused")


def test_rows_without_a_reading_are_named_and_the_others_stored(terminal: Terminal, tmp_path: Path) -> None:
    terminal.json("monitors", "add", "orders", "Accuracy", "--below", "0.8")
    file = tmp_path / "odd.csv"
    file.write_text("day,value\n2024-01-01,0.9\n2024-01-02,low\n,0.9\n2024-01-03,0.7\n", "utf-8")
    pushed = terminal.json("readings", "push", "orders", "accuracy", file, exits=1)
    assert (pushed["stored"], pushed["refused"], pushed["fires_at"]) == (2, 2, ["2024-01-03"])
    assert pushed["problems"][0] == {"where": "Row 3, column “value”", "text": "“low” is not a number."}


def test_another_value_for_a_known_key_is_refused_and_a_correction_is_not(
    terminal: Terminal, weekly: Path
) -> None:
    terminal.json("monitors", "add", "orders", "Accuracy", "--below", "0.8")
    terminal.json("readings", "push", "orders", "accuracy", weekly)
    weekly.write_text("week,accuracy\n2024-01-01,0.5\n2024-02-05,0.9\n", "utf-8")
    refused = terminal.json("readings", "push", "orders", "accuracy", weekly, exits=1)
    assert "2024-01-01" in refused["reasons"][0]["text"]
    assert terminal.json("monitors", "list", "orders")[0]["readings"] == 4
    corrected = ("readings", "correct", "orders", "accuracy", "2024-01-01", "0.5", "--reason", "Misread")
    assert terminal.json(*corrected)["fires_at"] == ["2024-01-01"]


def test_mistakes_are_sentences(terminal: Terminal, weekly: Path) -> None:
    for wrong in ((), ("--below", "1", "--above", "2"), ("--below", "1", "--consecutive", "0")):
        assert terminal("monitors", "add", "orders", "Accuracy", *wrong).exit_code == 2, wrong
    for refused in (
        ("monitors", "add", "nowhere", "Accuracy", "--below", "1"),
        ("monitors", "add", "orders", "Accuracy", "--below", "1", "--expected", "weekly"),
        ("monitors", "add", "orders", "Accuracy", "--below", "1", "--owner", "nobody@example.org"),
        ("monitors", "add", "orders", "Accuracy", "--change", "-1"),
        ("readings", "push", "orders", "nothing", weekly),
    ):
        result = terminal(*refused)
        assert result.exit_code == 1, refused
        assert "Traceback" not in result.output
        assert result.stderr.strip()
