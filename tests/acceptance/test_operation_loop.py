"""The whole loop of operation as programs drive it: release, breach, incident, re-validation, second release.

Programs do all but what only people may: sign, and decide a gate. The readings are published series.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from lifecycle.actions import gates, incidents, reviews
from lifecycle.cli import main
from lifecycle.facts.people import actor_of
from lifecycle.facts.projects import load_facts
from lifecycle.guide import Guide
from lifecycle.interchange.series import read_readings
from lifecycle.queries import operation
from lifecycle.rules.reviews import meanings_of
from lifecycle.rules.signoffs import cover, current_sign_off, digest_of
from lifecycle.settings import Settings
from lifecycle.store.database import open_database
from lifecycle.store.tables import Monitor, PersonRow, Project
from lifecycle.vocabulary import Actor, Decision, Gate, Outcome, Role
from scripts.example import build
from tests.api.conftest import Client, Programs, serve
from tests.factories import Cast
from tests.rules.building import guide as shipped_guide

NAME, KEY = "Day-ahead energy purchase", "day-ahead-energy-purchase"
FIRST, SECOND = "energy-purchase 2.0", "energy-purchase 2.1"
SERIES = "metrics/nannyml-hotel-weekly-realized.csv"
SIGNERS = {
    Role.VALIDATION: "Vera Mockup",
    Role.APPROVER: "Axel Placeholder",
    Role.TECHNOLOGY: "Teo Example",
    Role.BUSINESS: "Bea Sample",
    Role.COMPLIANCE: "Cleo Specimen",
}


@dataclass(frozen=True)
class Place:
    """The project of the example that is ready to launch, its people, a program with every scope, and a terminal."""

    programs: Programs
    url: str
    program: Client
    guide: Guide

    def actor(self, session: Session, name: str) -> Actor:
        return actor_of(session.exec(select(PersonRow).where(col(PersonRow.name) == name)).one())

    def act(self, name: str, action: Any, **given: Any) -> Any:
        """What somebody does on a screen; nobody of the example has a password, so none is asked for."""
        with self.programs.database.write() as session:
            by = self.actor(session, name)
            return action(session, by=by, at=datetime.now(UTC), guide=self.guide, **given)

    def decide(self, role: Role, review_id: int) -> None:
        digest = self.seen(Gate.OPERATE, role)
        spec = self.guide.review(Gate.OPERATE, role)
        stated = next(iter(meanings_of(spec, Decision.APPROVED)), None)
        given = {"decision": Decision.APPROVED, "seen_digest": digest, "stated": stated}
        self.act(SIGNERS[role], reviews.decide, review_id=review_id, comment="Read the incident", **given)

    def affirm(self, role: Role) -> None:
        with self.programs.database.read() as session:
            made = current_sign_off(self.facts(session), Gate.LAUNCH, role)
        assert made is not None
        digest = self.seen(Gate.LAUNCH, role)
        self.act(SIGNERS[role], reviews.affirm, sign_off_id=made.id, seen_digest=digest)

    def facts(self, session: Session) -> Any:
        today = datetime.now(UTC).date()
        return load_facts(session, self.programs.project_id, today=today, guide=self.guide)

    def seen(self, gate: Gate, role: Role) -> str:
        with self.programs.database.read() as session:
            return digest_of(cover(self.facts(session), self.guide, gate, role))

    def gate(self, version: str) -> tuple[int, dict[str, Any]]:
        """As a delivery pipeline asks, on the command line and by HTTP: both say the same."""
        asked = ["gate", KEY, "launch", "--model-version", version, "--policy", "block", "--json"]
        result = CliRunner().invoke(main, asked, env={"LIFECYCLE_DATABASE_URL": self.url})
        said = json.loads(result.stdout)
        params = {"model_version": version, "policy": "block"}
        answered = self.program.get(f"/projects/{KEY}/gates/launch", params=params)
        assert answered.status_code == (409 if result.exit_code else 200)
        assert [each["text"] for each in answered.json()["blockers"]] == [
            each["text"] for each in said["blockers"]
        ]
        return result.exit_code, said

    def send(self, path: str, **body: Any) -> Any:
        answered = self.program("POST", path, json=body)
        assert answered.status_code in (200, 201), answered.text
        return answered.json()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    url = f"sqlite:///{tmp_path / 'lifecycle.db'}"
    build(url, only=[NAME])
    database = open_database(url)
    app, site = serve(database, Settings(url), tmp_path)
    policy = shipped_guide().policy.model_copy(update={"reenter_password": ()})
    guide = shipped_guide().model_copy(update={"policy": policy})
    with database.read() as session:
        project_id = session.exec(select(Project.id).where(col(Project.key) == KEY)).one() or 0
        yuki = actor_of(session.exec(select(PersonRow).where(col(PersonRow.name) == "Yuki Specimen")).one())
    programs = Programs(app, site, database, Cast(yuki, yuki, yuki, yuki, {}, guide), project_id)
    yield Place(programs, url, programs.acting_for(yuki), guide)
    site.sessions.close()
    site.door.close()
    site.database.dispose()
    database.dispose()


def published(shared_data: Path) -> dict[str, Any]:
    rules = json.loads((shared_data / "expected" / "triggers.json").read_text("utf-8"))["rules"]
    wanted = {"file": SERIES, "limit": "per-row column", "consecutive": 1, "column": "accuracy_value"}
    return next(rule for rule in rules if wanted.items() <= rule.items())


def test_from_a_release_to_a_breach_to_a_second_release(place: Place, shared_data: Path) -> None:
    assert place.gate(FIRST)[0] == 0
    on_it = {"project_id": place.programs.project_id}
    place.act("Axel Placeholder", gates.decide, gate=Gate.LAUNCH, outcome=Outcome.GO, **on_it)
    place.send(f"/projects/{KEY}/releases/1/steps", move="full", note="Both regions went well")

    # What is watched begins with what the release was tested to do; then the published series arrives.
    drop = {"direction": "above", "limit": "change_share", "threshold": 0.15}
    error = place.send(f"/projects/{KEY}/monitors", name="Error of the day", **drop)
    assert error["baseline"] == 3.8
    rule = published(shared_data)
    watched = {"direction": rule["direction"], "limit": "row", "consecutive": 1}
    monitor = place.send(f"/projects/{KEY}/monitors", name="Accuracy of a published series", **watched)
    found = read_readings(
        shared_data / SERIES,
        name="x",
        key="chunk_key",
        column=rule["column"],
        limit=rule["column"].replace("_value", "_lower_threshold"),
        where=[rule["filter"]],
    ).readings
    sent = [{"key": each.key, "value": each.value, "limit": each.limit} for each in found]
    readings = f"/projects/{KEY}/monitors/{monitor['key']}/readings"
    halves = [
        place.send(readings, readings=part) for part in (sent[: len(sent) // 2], sent[len(sent) // 2 :])
    ]
    assert [key for half in halves for key in half["fires_at"]] == rule["fires_at"]
    (incident,) = {half["incident"] for half in halves}
    assert place.send(readings, readings=sent)["unchanged"] == len(sent)

    # One incident; the ground of validation is gone and the pipeline is stopped.
    exit_code, said = place.gate(FIRST)
    assert exit_code == 1
    assert [(each["code"], each["role"]) for each in said["blockers"]] == [
        ("sign_off:validation", "validation")
    ], said["blockers"]
    assert "Accuracy of a published series" in said["blockers"][0]["text"]
    assert place.program.get(f"/incidents/{incident}").json()["model_version"] == FIRST

    # Mended and signed; only then the review afterwards.
    place.send(f"/incidents/{incident}/take-on")
    place.send(
        f"/incidents/{incident}/fix", cause="A feed changed", fix="Trained again", fixed_version=SECOND
    )
    place.act("Teo Example", incidents.sign_fix, incident_id=incident, text="Replayed a year")
    assert place.send(f"/incidents/{incident}/close", text="Ask the vendor for notice")["state"] == "closed"
    assert place.gate(FIRST)[0] == 1, "a mended incident is not yet a validated product"

    # Validated again at the Operate review that the breach asked for: that settles the Launch approval too.
    asked = place.program.get(f"/projects/{KEY}/reviews").json()["items"]
    (review,) = [each for each in asked if (each["gate"], each["state"]) == ("operate", "open")]
    assert (review["role"], review["person"]) == ("validation", "Vera Mockup")
    place.decide(Role.VALIDATION, review["id"])
    assert place.gate(FIRST)[0] == 0

    # The second release: its version is signed by whoever relied on the first one.
    live = place.program.get(f"/projects/{KEY}/answers/P01")
    value = {**live.json()["value"], "version": SECOND}
    headers = {"If-Match": live.headers["etag"]}
    saved = place.program("PUT", f"/projects/{KEY}/answers/P01", json={"value": value}, headers=headers)
    assert saved.status_code == 200, saved.text
    exit_code, said = place.gate(SECOND)
    assert exit_code == 1
    for role in {Role(each["role"]) for each in said["blockers"] if each["role"]}:
        place.affirm(role)
    assert place.gate(SECOND) == (0, {**place.gate(SECOND)[1], "ready": True, "blockers": []})
    assert place.gate(FIRST)[0] == 1, "the old version is no longer the signed one"
    made = place.send(f"/projects/{KEY}/releases", model_version=SECOND, summary="Knows the new feed")
    for move in ("shadow", "full"):
        place.send(f"/projects/{KEY}/releases/{made['number']}/steps", move=move)

    listed = place.program.get(f"/projects/{KEY}/releases").json()
    assert [(each["model_version"], each["state"]) for each in listed["items"]] == [
        (SECOND, "live"),
        (FIRST, "replaced"),
    ]
    assert listed["delivery"]["deployments"] == 2
    with place.programs.database.read() as session:
        watching = session.exec(select(Monitor).where(col(Monitor.name) == "Error of the day")).one()
        assert (watching.baseline, watching.baseline_model_version) == (3.8, SECOND)
        vera = place.actor(session, "Vera Mockup")
        view = operation.view(session, by=vera, at=datetime.now(UTC), guide=place.guide, key=KEY)
    assert any("Accuracy of a published series" in each for each in view.cycle.because)  # type: ignore[union-attr]
