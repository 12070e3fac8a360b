"""Releases on the command line: exit codes, JSON, refusals as sentences, and that it signs nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from lifecycle.actions import gates
from lifecycle.cli import main
from lifecycle.queries import projects
from lifecycle.store.database import open_database
from lifecycle.vocabulary import Gate, Outcome
from tests.clock import START
from tests.factories import VERSION, cast, project, ready_to_launch, small_guide


@dataclass(frozen=True)
class Pipeline:
    """The command line beside one project that may go live; its guide is small, so the gate is asked of that."""

    url: str
    key: str

    def __call__(self, *arguments: str) -> Any:
        environment = {"LIFECYCLE_DATABASE_URL": self.url}
        return CliRunner().invoke(main, ["releases", *arguments], env=environment)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@pytest.fixture
def pipeline(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr("lifecycle.cli.releases.the_guide", lambda settings: small_guide())
    database = open_database(database_url)
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
        ready_to_launch(session, everybody, project_id)
        on_it = {"guide": everybody.guide, "project_id": project_id}
        gates.decide(session, by=everybody.ann, at=START, gate=Gate.LAUNCH, outcome=Outcome.GO, **on_it)
        key = projects.key_of(session, project_id=project_id)
    database.dispose()
    return Pipeline(database_url, key)


def test_from_making_one_to_rolling_it_back(pipeline: Pipeline) -> None:
    made = pipeline.json(
        "create", pipeline.key, "--model-version", VERSION, "--ready-at", "2026-03-02T08:00Z"
    )
    assert (made["number"], made["state"], made["made_by"]) == (1, "prepared", "Command line")
    assert made["ready_at"] == "2026-03-02T08:00:00+00:00"
    assert pipeline.json("step", pipeline.key, "1", "share", "--share", "20")["share"] == 20
    assert pipeline.json("step", pipeline.key, "1", "full")["state"] == "live"
    back = pipeline.json("rollback", pipeline.key, "1", "--reason", "Empty answers")
    assert (back["state"], back["steps"][-1]["restored_in"]) == ("rolled_back", "0 min")
    found = pipeline.json("list", pipeline.key)
    assert [each["number"] for each in found["releases"]] == [1]
    assert (found["delivery"]["deployments"], found["delivery"]["change_failure_rate"]) == (1, 1.0)
    assert "rolled back" in pipeline("list", pipeline.key).stdout


def test_refusals_list_their_reasons_and_leave_nothing(pipeline: Pipeline) -> None:
    refused = pipeline("create", pipeline.key, "--model-version", "9.9", "--json")
    assert refused.exit_code == 1
    reasons = json.loads(refused.stdout)["reasons"]
    assert reasons == [{"code": "model_version", "text": f"Version {VERSION} is signed, not 9.9."}]
    assert pipeline.json("list", pipeline.key)["releases"] == []
    for arguments, said in (
        (("step", pipeline.key, "7", "full"), "no release “7”"),
        (("create", "nowhere", "--model-version", VERSION), "no project “nowhere”"),
        (("create", pipeline.key, "--model-version", VERSION, "--ready-at", "soon"), "“soon” is no time"),
    ):
        found = pipeline(*arguments)
        assert (found.exit_code, said in found.stderr) == (1, True), found.stderr


def test_a_share_without_its_number_is_a_wrong_command_line(pipeline: Pipeline) -> None:
    assert pipeline("step", pipeline.key, "1", "share").exit_code == 2
    assert pipeline("step", pipeline.key, "1", "full", "--share", "20").exit_code == 2
