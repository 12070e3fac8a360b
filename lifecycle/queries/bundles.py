"""Everything about one project as its log vouches for it: the content of a bundle that proves itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from lifecycle.canonical import canonical_json
from lifecycle.events import ORGANISATION, head_of, project_chain, written_lines
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import people_names
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.wording import NOT_PEOPLE
from lifecycle.rules.permissions import require
from lifecycle.store.verification import TableReader, vouched_since, vouches_of
from lifecycle.store.vouched import covered
from lifecycle.vocabulary import Actor

# Of a project too, and still not for those who only read it: links that let somebody in.
_SECRET = frozenset({"invitation"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: its key columns, and each row as exactly the text that its digest is over."""

    key: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BundleContent:
    """`events` is the project's whole chain; `organisation_events` those of the organisation's that vouch too."""

    project: ProjectHead
    chain: str
    head: tuple[int, str]  # sequence and hash of the newest event
    vouched_since: str | None
    events: tuple[str, ...]
    organisation_events: tuple[str, ...]
    tables: Mapping[str, Rows]
    people: Mapping[str, str]


def content(session: Session, *, by: Actor, key: str) -> BundleContent:
    """Raises NotFound for whoever may not read the project, Forbidden for whoever may not export it."""
    head = projects.head(session, key=key, by=by)
    require("projects.export", by, project_roles(session, head.id, by.key))
    chain = project_chain(head.id)
    tables = dict(_tables(session, head.id))
    events = tuple(canonical_json(line) for line in written_lines(session, chain))
    names = people_names(session) | NOT_PEOPLE
    text = "\n".join((*events, *(line for rows in tables.values() for line in rows.lines)))
    return BundleContent(
        project=head,
        chain=chain,
        head=head_of(session, chain),
        vouched_since=vouched_since(session),
        events=events,
        organisation_events=tuple(_vouching(session, tables)),
        tables=tables,
        people={person: name for person, name in sorted(names.items()) if person in text},
    )


def _tables(session: Session, project_id: int) -> Iterator[tuple[str, Rows]]:
    for name, table in covered().items():
        column = "id" if name == "project" else "project_id"
        if name in _SECRET or column not in table.columns:
            continue
        reader = TableReader(table)
        lines = tuple(reader.text_or_raw(row) for row in reader.rows(session, f'"{column}" = {project_id:d}'))
        yield name, Rows(table.key, lines)


def _vouching(session: Session, tables: Mapping[str, Rows]) -> Iterator[str]:
    """Events of the organisation's chain that vouch for one of these rows, such as a role given with an invitation."""
    keys = {f"{name}:{key}" for name, rows in tables.items() for key in _keys(name, rows)}
    for line in written_lines(session, ORGANISATION):
        if not keys.isdisjoint(vouches_of(str(line["detail"]))):
            yield canonical_json(line)


def _keys(name: str, rows: Rows) -> Iterator[str]:

    for line in rows.lines:
        row: dict[str, Any] = json.loads(line)
        yield "/".join(str(row.get(column)) for column in rows.key)
