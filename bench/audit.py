"""Verifying a log of 250,000 events and the rows they vouch for, on the command line as an auditor does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from bench.installation import Installation
from bench.results import Result, at_most
from lifecycle.canonical import canonical_json, moment_text
from lifecycle.events import FIRST_PREVIOUS_HASH, event_hash, project_chain
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import upgrade
from lifecycle.store.vouched import KEY, covered, row_digest, row_key

EVENTS = 250_000
PROJECTS = 100
FIELDS = 130
GOAL_SECONDS = 5.0
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXT = "Planners phone round for two hours every morning, because one shift in nine is short of people."
BATCH = 10_000


def measure(installed: Installation) -> Iterator[Result]:
    """Wall time of the whole command, the start of Python included."""
    file = installed.folder / "log.db"
    database = open_database(f"sqlite:///{file}")
    upgrade(database)
    fill(database, EVENTS)
    database.dispose()
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lifecycle", "audit", "verify"],
        env={"LIFECYCLE_DATABASE_URL": f"sqlite:///{file}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - began
    assert f"{EVENTS + PROJECTS:,} events" in done.stdout, done.stdout
    yield at_most(f"log of {EVENTS:,} events and their rows verified", taken, "s", GOAL_SECONDS)
    file.unlink()


def fill(database: Database, events: int) -> None:
    """Projects whose questions are answered over and over: an event, a version and a current answer each time."""
    tables = {
        name: metadata.tables[name] for name in ("project", "answer", "current_answer", "event", "chain_head")
    }
    heads = dict.fromkeys(range(1, PROJECTS + 1), (0, FIRST_PREVIOUS_HASH, ""))
    current: dict[tuple[int, str], dict[str, object]] = {}
    lines: list[dict[str, object]] = []
    versions: list[dict[str, object]] = []

    def add(project_id: int, at: datetime, action: str, subject: str, detail: dict[str, object]) -> None:
        sequence, previous, _ = heads[project_id]
        line: dict[str, object] = {
            "chain": project_chain(project_id),
            "sequence": sequence + 1,
            "at": moment_text(at),
            "actor_key": "person-bench",
            "actor_kind": "person",
            "action": action,
            "subject": subject,
            "detail": canonical_json(detail),
        }
        hashed = event_hash(previous, line)
        lines.append({**line, "previous_hash": previous, "hash": hashed})
        heads[project_id] = (sequence + 1, hashed, moment_text(at))

    with database.write() as session:
        for project_id in heads:
            row = _project(project_id)
            session.execute(insert(tables["project"]), row)
            vouches = {row_key("project", (project_id,)): _digest("project", row)}
            add(project_id, START, "project.registered", f"project:{row['key']}", {KEY: vouches})
        for number in range(events):
            project_id, place = number % PROJECTS + 1, number // PROJECTS
            at = START + timedelta(seconds=number)
            field_id, revision = f"D{place % FIELDS:02}", place // FIELDS + 1
            answer = _answer(number + 1, project_id, field_id, revision, at)
            now = _current(answer)
            current[project_id, field_id] = now
            versions.append(answer)
            vouches = {
                row_key("answer", (answer["id"],)): _digest("answer", answer),
                row_key("current_answer", (project_id, 0, field_id)): _digest("current_answer", now),
            }
            detail = {
                "answer": answer["id"], "revision": revision, "state": "answered", "value": answer["value"],
                "owner": None, "due_on": None, "reason": None, "method": "web", "restored_from": None,
                "sign_offs_gone_stale": [], "sign_offs_valid_again": [], KEY: vouches,
            }  # fmt: skip
            add(project_id, at, "answer.saved", field_id, detail)
            if len(versions) == BATCH:
                session.execute(insert(tables["event"]), lines)
                session.execute(insert(tables["answer"]), versions)
                lines.clear()
                versions.clear()
        if versions:
            session.execute(insert(tables["event"]), lines)
            session.execute(insert(tables["answer"]), versions)
        session.execute(insert(tables["current_answer"]), list(current.values()))
        session.execute(
            insert(tables["chain_head"]),
            [
                {"chain": project_chain(key), "sequence": sequence, "hash": hashed, "at": newest}
                for key, (sequence, hashed, newest) in heads.items()
            ],
        )


def _digest(table: str, row: dict[str, object]) -> str:
    return row_digest(covered()[table], {name: row.get(name) for name in covered()[table].columns})


def _project(project_id: int) -> dict[str, object]:
    return {
        "id": project_id, "key": f"project-{project_id}", "name": f"Project {project_id}", "purpose": "",
        "organisation": "", "stage": "discovery", "gate": "discovery", "furthest_stage": "discovery",
        "status": "active", "origin": "here", "guide_version": "1", "stage_since": START, "created_at": START,
        "created_by": "person-bench", "revision": 1,
    }  # fmt: skip


def _answer(number: int, project_id: int, field_id: str, revision: int, at: datetime) -> dict[str, object]:
    return {
        "id": number, "project_id": project_id, "source_id": 0, "field_id": field_id, "revision": revision,
        "state": "answered", "value": canonical_json(f"{TEXT} {number}"), "at": at, "by_key": "person-bench",
        "method": "web",
    }  # fmt: skip


def _current(answer: dict[str, object]) -> dict[str, object]:
    kept = ("project_id", "source_id", "field_id", "revision", "state", "value", "at", "by_key")
    settled = {"settled_stage": "discovery", "settled_at": START}
    return {"answer_id": answer["id"], **{name: answer[name] for name in kept}, **settled}
