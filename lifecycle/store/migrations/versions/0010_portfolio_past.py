"""The portfolio at any past day in columns that can be counted, and views of it that people keep under a name.

Both tables of the past are filled from what is there: the standing history, and the log of each project read
backward from what the project is now. What a register moved before this table was there is not known.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from lifecycle.store.append_only import guard_statements
from lifecycle.store.base import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 500
_GATES = {"discovery": "discovery", "feasibility": "feasibility", "design": "design", "model": "model"}
_OF_PROJECTS = (
    "project.edited",
    "project.archived",
    "project.restored",
    "project.adopted",
    "gate.decided",
    "register.imported",
    "register.undone",
)
_STANDING = (
    "gate", "level", "weakest", "readiness", "tier", "early_index", "debt", "open_questions", "blockers",
    "top_blocker", "causes", "waiting_role", "stale", "overdue", "next_on", "next_what",
)  # fmt: skip


def upgrade() -> None:
    _make_tables()
    connection = op.get_bind()
    for batch in _batches(_projects_past(connection)):
        connection.execute(sa.insert(_PROJECT_PAST), batch)
    for batch in _batches(_standings_past(connection)):
        connection.execute(sa.insert(_STANDING_PAST), batch)
    for table in ("project_past", "standing_past"):
        for statement in guard_statements(connection.dialect.name, table, [["id"]]):
            op.execute(statement)


def _make_tables() -> None:
    op.create_table(
        "project_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("stage_word", sa.String(), nullable=False),
        sa.Column("risk", sa.String(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_past_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_past")),
    )
    op.create_index("ix_project_past_project_at", "project_past", ["project_id", "at", "id"], unique=False)
    op.create_index("ix_project_past_known", "project_past", ["known"], unique=False)
    op.create_table(
        "standing_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("weakest", sa.String(), nullable=False),
        sa.Column("readiness", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=True),
        sa.Column("early_index", sa.Integer(), nullable=True),
        sa.Column("debt", sa.Integer(), nullable=False),
        sa.Column("open_questions", sa.Integer(), nullable=False),
        sa.Column("blockers", sa.Integer(), nullable=False),
        sa.Column("top_blocker", sa.Text(), nullable=False),
        sa.Column("causes", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("waiting_role", sa.String(), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("next_what", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_standing_past_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_past")),
    )
    op.create_index("ix_standing_past_project_at", "standing_past", ["project_id", "at", "id"], unique=False)
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_key"], ["person.key"], name=op.f("fk_saved_filter_person_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("person_key", "name", name=op.f("uq_saved_filter_person_key")),
    )


def _table(name: str, *columns: str, moments: Iterable[str] = ("at",), days: Iterable[str] = ()) -> Any:
    typed = [sa.column(each, Moment()) for each in moments] + [sa.column(each, sa.Date()) for each in days]
    return sa.table(name, *map(sa.column, columns), *typed)


_WHAT_IT_IS = ("name", "organisation", "stage", "gate", "status", "origin", "adopted", "archived")
_PROJECT = _table(
    "project", "id", *_WHAT_IT_IS[:6], moments=("created_at", "stage_since", "adopted_at", "archived_at")
)
_ENTRY = _table("register_entry", "project_id", "stage_word", "risk", moments=())
_EVENT = _table("event", "id", "chain", "at", "action", "detail", moments=())
_HISTORY = _table("standing_history", "id", "project_id", "content")
_PROJECT_PAST = _table("project_past", "project_id", *_WHAT_IT_IS, "stage_word", "risk", "known")
_STANDING_PAST = _table(
    "standing_past",
    "project_id",
    *(name for name in _STANDING if name != "next_on"),
    "roles",
    moments=("at", "waiting_since", "since"),
    days=("next_on",),
)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _projects_past(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Oldest first within a project: from what it is now, taking back one event after the other."""
    events = _events_by_project(connection)
    words = {row.project_id: row for row in connection.execute(sa.select(_ENTRY))}
    for project in connection.execute(sa.select(_PROJECT).order_by(_PROJECT.c.id)).all():
        said = words.get(project.id)
        state = {
            "project_id": project.id,
            "name": project.name,
            "organisation": project.organisation,
            "stage": project.stage,
            "gate": project.gate,
            "status": project.status,
            "origin": project.origin,
            "adopted": project.adopted_at is not None,
            "archived": project.archived_at is not None,
            "stage_word": said.stage_word if said else "",
            "risk": said.risk if said else "",
            "known": True,
        }
        found = []
        for at, action, detail in reversed(events.get(project.id, ())):
            if at <= project.created_at:
                break
            found.append({**state, "at": at})
            state |= _before(action, detail, moved=at == project.stage_since, project_id=project.id)
        found.append({**state, "at": project.created_at})
        yield from reversed(found)


def _events_by_project(connection: sa.Connection) -> dict[int, list[tuple[datetime, str, Mapping[str, Any]]]]:
    found: dict[int, list[tuple[datetime, str, Mapping[str, Any]]]] = defaultdict(list)
    chosen = sa.select(_EVENT).where(_EVENT.c.action.in_(_OF_PROJECTS)).order_by(_EVENT.c.id)
    for event in connection.execute(chosen):
        detail = json.loads(event.detail)
        name, _, number = event.chain.partition(":")
        touched = [int(number)] if name == "project" else _touched(detail)
        for project_id in touched:
            found[project_id].append((datetime.fromisoformat(event.at), event.action, detail))
    return found


def _touched(detail: Mapping[str, Any]) -> list[int]:
    return [each for word in ("added", "returned", "changed", "archived") for each in detail.get(word) or ()]


def _before(action: str, detail: Mapping[str, Any], *, moved: bool, project_id: int) -> dict[str, Any]:
    """What an event changed, as it was before it."""
    if action == "project.archived":
        return {"archived": False}
    if action == "project.restored":
        return {"archived": True}
    if action == "project.adopted":
        return {"adopted": False}
    if action == "register.undone":
        return {"archived": False}
    if action == "register.imported":
        returned = project_id in (detail.get("returned") or ())
        return ({"archived": True} if returned else {}) | ({"known": False} if moved else {})
    earlier = detail.get("before") or {}
    found = {name: earlier[name] for name in _WHAT_IT_IS if name in earlier}
    if "stage" in found and "gate" not in found:
        live = found.get("status") in ("live", "retired")
        found["gate"] = _GATES.get(
            found["stage"] or "", ("operate" if live else "launch") if found["stage"] else None
        )
    return found


def _standings_past(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    chosen = sa.select(_HISTORY).order_by(_HISTORY.c.id)
    for row in connection.execute(chosen.execution_options(yield_per=_BATCH)):
        content = json.loads(row.content)
        project = content["project"]
        gates = content["gates"]
        yield {
            **{name: project.get(name) for name in _STANDING},
            "project_id": row.project_id,
            "at": row.at,
            "next_on": _day(project["next_on"]) if project.get("next_on") else None,
            "waiting_since": _moment(project.get("waiting_since")),
            "since": _moment(project["since"]),
            "roles": gates.get(project["gate"] or "discovery", {}).get("roles", "{}"),
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str) -> date:
    return date.fromisoformat(text)
