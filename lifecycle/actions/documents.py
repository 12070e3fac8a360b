"""Bringing a whole project in from its document: all of it, in one transaction and one event, or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.actions.projects import free_key
from lifecycle.canonical import canonical_json
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.facts.document_parts import (
    NOT_PEOPLE,
    AnswerPart,
    BatchPart,
    EvidencePart,
    FiringPart,
    IncidentPart,
    MonitorPart,
    Owner,
    Part,
    PersonPart,
    ProjectDocument,
    ReadingLine,
    ReleasePart,
    ThreadPart,
    VersionPart,
    with_people,
)
from lifecycle.facts.documents import (
    CAME_AS,
    CONDITION,
    INCIDENT,
    LISTS,
    MONITOR,
    REGISTER,
    STANDING,
    repointed,
    with_people_in_values,
)
from lifecycle.facts.editions import edition
from lifecycle.facts.projects import DOCUMENT
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import Guide
from lifecycle.rules.incidents import IncidentState
from lifecycle.rules.parts import NAMES_OF_PEOPLE_START
from lifecycle.rules.people import tidy_email
from lifecycle.rules.permissions import require
from lifecycle.store.readings import NewRow, add_readings, stored_moment, stored_under
from lifecycle.store.tables import (
    Answer,
    Condition,
    CurrentAnswer,
    DataSource,
    ElsewhereRecord,
    Evidence,
    EvidenceRevision,
    Firing,
    ImportRun,
    Incident,
    IncidentNote,
    Membership,
    Monitor,
    PersonRow,
    Project,
    ReadingBatch,
    ReadingCorrection,
    RegisterEntry,
    TargetDate,
    Thread,
    ThreadMessage,
)
from lifecycle.vocabulary import Actor, OrganisationRole, Role

IMPORTED_FROM = "project document"  # the register name of what a document says a register says
_KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class ImportedProject:
    """`known` people of the document have an account here; the others are kept by their printed names alone."""

    project_id: int
    key: str
    answers: int
    decisions: int
    files: int
    known: int
    unknown: int
    releases: int = 0
    incidents: int = 0
    monitors: int = 0
    paused: int = 0
    readings: int = 0


def import_document(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    document: ProjectDocument,
    digest: str,
    file_name: str = "",
) -> ImportedProject:
    """Make a new project of a checked document, with `by` as its product manager.

    Answers with their histories, data sources, threads, target dates, conditions, links, incidents and readings go on
    here; monitors that were on come in paused, and a fix that was signed waits for a signature again. Roles, reviews,
    decisions of all kinds, releases and files are recorded elsewhere: shown, exported again, and worth nothing until
    somebody here decides. `digest` is that of the file, for the log. Whoever the document names and has no
    account here gets a row that cannot sign in.
    """
    require("projects.import_document", by)
    people = _People(session, document.people, at)
    guide = edition(session, guide, document.project.guide_version)
    import_ = _Import(session, guide, document, people, by, at)
    done = import_.run(file_name, digest)
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.PROJECT_IMPORTED,
        subject=f"project:{done.key}",
        detail={
            "project": done.project_id,
            "was": document.project.key,
            "file": file_name,
            "digest": digest,
            "answers": done.answers,
            "decisions": done.decisions,
            "releases": done.releases,
            "incidents": done.incidents,
            "monitors": done.monitors,
            "readings": done.readings,
            "people": people.keys,
        },
        by=by,
        at=at,
    )
    refresh_standing(session, done.project_id, guide=guide, at=at)
    return done


class _People:
    """The people of a document as people of this installation: matched by their address, else added."""

    def __init__(self, session: Session, listed: Iterable[PersonPart], at: datetime) -> None:
        parts = list(listed)
        addresses = {tidy_email(part.email) for part in parts if part.email}
        rows = session.exec(select(PersonRow).where(col(PersonRow.email).in_(addresses))) if addresses else ()
        accounts = {row.email: row.key for row in rows}
        self.keys: dict[str, str] = {}
        self.known = 0
        for part in parts:
            address = tidy_email(part.email) if part.email else None
            if address in accounts:
                self.keys[part.id], self.known = accounts[address], self.known + 1
            else:
                self.keys[part.id] = _add(session, part, address, at)
        session.flush()

    def __call__(self, name: str) -> str:
        return name if name in NOT_PEOPLE else self.keys[name]

    def in_value(self, name: str) -> str:
        return self.keys.get(name, name)

    def owner(self, owner: Owner) -> str:
        return f"{NAMES_OF_PEOPLE_START}{self(owner.person)}" if owner.person else owner.name


def _add(session: Session, part: PersonPart, address: str | None, at: datetime) -> str:
    key = "person-" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10))
    session.add(
        PersonRow(
            key=key,
            email=None if part.erased else address,
            name=part.name,
            organisation_role=OrganisationRole.MEMBER.value,
            active=False,
            created_at=at,
            erased_at=at if part.erased else None,
        )
    )
    return key


class _Import:
    """The rows of one document, with ids of this database for the numbers in it."""

    def __init__(
        self,
        session: Session,
        guide: Guide,
        document: ProjectDocument,
        people: _People,
        by: Actor,
        at: datetime,
    ) -> None:
        self.session, self.guide, self.document, self.people = session, guide, document, people
        self.by, self.at = by, at
        self.project_id = 0
        self.sources: dict[str, int] = {}
        self.answers: dict[tuple[str | None, str, int], int] = {}  # source, question, revision -> id

    def run(self, file_name: str, digest: str) -> ImportedProject:
        project = self._project()
        self._keep_apart()
        if self.document.register_entry:
            self._register(project, file_name, digest)
        self._sources()
        self._answers()
        for thread in self.document.threads:
            self._thread(thread)
        self._target_dates()
        self._conditions()
        for part in self.document.evidence:
            if part.is_link:
                self._link(part)
        self._incidents_and_monitors()
        self._manage()
        self.session.flush()
        return ImportedProject(
            project_id=self.project_id,
            key=project.key,
            answers=len(self.document.answers),
            decisions=len(self.document.sign_offs) + len(self.document.gate_decisions),
            files=sum(not part.is_link for part in self.document.evidence),
            known=self.people.known,
            unknown=len(self.people.keys) - self.people.known,
            releases=len(self.document.releases),
            incidents=len(self.document.incidents),
            monitors=len(self.document.monitors),
            paused=sum(each.state == "on" for each in self.document.monitors),
            readings=sum(len(batch.readings) for each in self.document.monitors for batch in each.batches),
        )

    # ------------------------------------------------------------ the project

    def _project(self) -> Project:
        said = self.document.project
        project = Project(
            **_values(
                said,
                "merged_into",  # which of ours it is, nobody here has said
                key=free_key(self.session, said.key),
                origin="register" if self._is_listed_only else DOCUMENT,
                created_by=self.people(said.created_by),
            )
        )
        self.project_id = self._add(project)
        return project

    def _keep_apart(self) -> None:
        """Whatever was decided elsewhere, in the words of the document."""
        said = self.document
        came = {name: getattr(said.project, name) for name in ("key", "origin", "merged_into")}
        self._apart(CAME_AS, 0, came)
        if said.register_entry:
            self._apart(REGISTER, 0, said.register_entry.model_dump(mode="json"))
        if said.standing:
            self._apart(STANDING, 0, said.standing.model_dump(mode="json"))
        for kind, (name, _) in LISTS.items():
            for part in getattr(said, name):
                if isinstance(part, EvidencePart) and part.is_link:
                    continue
                if isinstance(part, ReleasePart):
                    part = with_people_in_values(part, self.guide, self.people.in_value)
                named = with_people(part, self.people)
                number = getattr(part, "id", getattr(part, "number", 0))
                self._apart(kind, number, named.model_dump(mode="json"))
        self.session.flush()

    def _apart(self, kind: str, number: int, content: Mapping[str, Any]) -> None:
        self.session.add(
            ElsewhereRecord(
                project_id=self.project_id,
                kind=kind,
                number=number,
                content=canonical_json(content),
                at=self.at,
            )
        )

    def _register(self, project: Project, file_name: str, digest: str) -> None:
        """What the register said stays visible; a later import of that register does not reach this project."""
        said = self.document.register_entry
        assert said is not None
        run = ImportRun(
            register_name=IMPORTED_FROM,
            file_name=file_name or f"{said.register_name} (project document)",
            file_digest=digest,
            rows=1,
            added=1,
            changed=0,
            unchanged=0,
            gone=0,
            at=self.at,
            by_key=self.by.key,
        )
        run_id = self._add(run)
        self.session.add(
            RegisterEntry(
                project_id=self.project_id,
                register_name=IMPORTED_FROM,
                identity=project.key,
                external_id=said.external_id,
                run_id=run_id,
                row_number=said.row_number,
                content_digest=said.content_digest,
                stage_word=said.stage_word,
                risk=said.risk,
                facts=canonical_json(said.facts),
                others=canonical_json(said.others) if said.others is not None else None,
                gone_at=said.gone_at,
            )
        )

    def _manage(self) -> None:
        """Whoever brings a project in answers for it from now on; the roles of the document are recorded elsewhere."""
        if self.by.has_account and not self._is_listed_only:
            self.session.add(
                Membership(
                    project_id=self.project_id,
                    person_key=self.by.key,
                    role=Role.PRODUCT_MANAGER.value,
                    since=self.at,
                    given_by=self.by.key,
                )
            )

    # ------------------------------------------------------------ content

    def _sources(self) -> None:
        for part in self.document.sources:
            row = DataSource(project_id=self.project_id, **_values(part, "id"))
            self.sources[part.id] = self._add(row)

    def _source(self, name: str | None) -> int:
        return self.sources[name] if name else 0

    def _answers(self) -> None:
        """The first versions of all answers together, then the second ones: a later one may bring an earlier back."""
        most = max((len(part.versions) for part in self.document.answers), default=0)
        for place in range(most):
            parts = [part for part in self.document.answers if place < len(part.versions)]
            rows = [self._version(part, part.versions[place]) for part in parts]
            self.session.add_all(rows)
            self.session.flush()
            for part, row in zip(parts, rows, strict=True):
                self.answers[part.source, part.field, row.revision] = row.id or 0
        self.session.add_all(self._current(part) for part in self.document.answers)

    def _version(self, part: AnswerPart, version: VersionPart) -> Answer:
        return Answer(
            **self._content(part, version),
            due_on=version.due_on,
            method=version.method,
            restored_from=self.answers.get((part.source, part.field, version.restored_from or 0)),
        )

    def _current(self, part: AnswerPart) -> CurrentAnswer:
        newest = part.versions[-1]
        return CurrentAnswer(
            **self._content(part, newest),
            due_on=newest.due_on,
            answer_id=self.answers[part.source, part.field, newest.revision],
            settled_stage=_plain(part.settled_stage),
            settled_at=part.settled_at,
        )

    def _content(self, part: AnswerPart, version: VersionPart) -> dict[str, Any]:
        value = repointed(
            self.guide,
            part.field,
            version.value,
            person=self.people.in_value,
            source=lambda name: str(self.sources.get(name, name)),
        )
        return {
            "project_id": self.project_id,
            "source_id": self._source(part.source),
            "field_id": part.field,
            "revision": version.revision,
            "state": _plain(version.state),
            "value": canonical_json(value) if value is not None else None,
            "owner": self.people.owner(version.owner) if version.owner else None,
            "reason": version.reason,
            "at": version.at,
            "by_key": self.people(version.by),
        }

    def _thread(self, part: ThreadPart) -> None:
        thread = Thread(
            project_id=self.project_id,
            field_id=part.field,
            source_id=self._source(part.source),
            answer_id=self.answers.get((part.source, part.field, part.answer_revision or 0)),
            opened_by=self.people(part.opened_by),
            resolved_by=self._maybe(part.resolved_by),
            **_values(part, "field", "source", "answer_revision", "messages", "opened_by", "resolved_by"),
        )
        thread_id = self._add(thread)
        for said in part.messages:
            self._add(
                ThreadMessage(
                    project_id=self.project_id,
                    thread_id=thread_id,
                    text=said.text,
                    at=said.at,
                    by_key=self.people(said.by),
                )
            )

    def _target_dates(self) -> None:
        for part in self.document.target_dates:
            said = _values(part, set_by=self.people(part.set_by))
            self.session.add(TargetDate(project_id=self.project_id, **said))

    def _conditions(self) -> None:
        for part in self.document.conditions:
            row = Condition(
                project_id=self.project_id,
                **_values(
                    part,
                    "sign_off",
                    owner=self.people.owner(part.owner),
                    created_by=self.people(part.created_by),
                    met_by=self._maybe(part.met_by),
                ),
            )
            condition_id = self._add(row)
            if part.sign_off is not None:
                self._apart(CONDITION, condition_id, {"sign_off": part.sign_off})

    def _link(self, part: EvidencePart) -> None:
        row = Evidence(
            project_id=self.project_id,
            field_id=part.field,
            source_id=self._source(part.source),
            **_values(
                part,
                "id",
                "field",
                "source",
                "revisions",
                added_by=self.people(part.added_by),
                removed_by=self._maybe(part.removed_by),
            ),
        )
        evidence_id = self._add(row)
        for revision in part.revisions:
            said = _values(revision, "by")
            self._add(
                EvidenceRevision(
                    project_id=self.project_id,
                    evidence_id=evidence_id,
                    by_key=self.people(revision.by),
                    **said,
                )
            )

    # ------------------------------------------------------------ operation

    def _incidents_and_monitors(self) -> None:
        """Monitors first without what they caused, then incidents, then the firings between the two."""
        monitors = {part.key: self._monitor(part) for part in self.document.monitors}
        incidents = {
            part.id: self._incident(part, monitors.get(part.monitor or ""))
            for part in self.document.incidents
        }
        for part in self.document.monitors:
            self._series(monitors[part.key], part, incidents)

    def _monitor(self, part: MonitorPart) -> int:
        """One that was on comes in paused: it awaits nothing and alarms nobody until somebody here switches it on."""
        was_on = part.state == "on"
        row = Monitor(
            project_id=self.project_id,
            **_values(
                part,
                "batches",
                "corrections",
                "firings",
                owner=self.people(part.owner.person) if part.owner.person else part.owner.name,
                reads=canonical_json(part.reads),
                state="paused" if was_on else part.state,
                created_by=self.people(part.created_by),
            ),
        )
        monitor_id = self._add(row)
        if was_on:
            was = {"state": part.state, "revision": part.revision, "heard_at": part.heard_at}
            self._apart(MONITOR, monitor_id, was)
        return monitor_id

    def _incident(self, part: IncidentPart, monitor_id: int | None) -> int:
        """Whoever signed its fix did so elsewhere: one that is not closed waits for a signature here."""
        was = {
            "state": part.state.value,
            "signed_at": part.signed_at,
            "signed_by": self._maybe(part.signed_by),
            "title": part.title,
            "revision": part.revision,
        }
        row = Incident(
            project_id=self.project_id,
            monitor_id=monitor_id,
            **_values(
                part,
                "id",
                "monitor",
                "notes",
                state=IncidentState.FIXED if part.state is IncidentState.SIGNED else part.state,
                signed_at=None,
                signed_by=None,
                opened_by=self.people(part.opened_by),
                assignee=self._maybe(part.assignee),
                fixed_by=self._maybe(part.fixed_by),
                closed_by=self._maybe(part.closed_by),
            ),
        )
        incident_id = self._add(row)
        self._apart(INCIDENT, incident_id, was)
        self.session.add_all(
            IncidentNote(
                project_id=self.project_id,
                incident_id=incident_id,
                text=note.text,
                at=note.at,
                by_key=self.people(note.by),
            )
            for note in part.notes
        )
        return incident_id

    def _series(self, monitor_id: int, part: MonitorPart, incidents: Mapping[int, int]) -> None:
        """Its readings as they were stored, so that the digests of their arrivals hold here too."""
        batches = [self._batch(monitor_id, each) for each in part.batches]
        self.session.add_all(batches)
        self.session.flush()
        for row, each in zip(batches, part.batches, strict=True):
            add_readings(
                self.session, monitor_id=monitor_id, batch_id=row.id or 0, rows=stored_rows(each.readings)
            )
        named = {each.reading for each in part.corrections}
        named |= {each.reading for each in part.firings if each.reading is not None}
        ids = {
            key: found.id
            for key, found in stored_under(self.session, monitor_id=monitor_id, keys=sorted(named)).items()
        }
        self.session.add_all(
            ReadingCorrection(
                project_id=self.project_id,
                monitor_id=monitor_id,
                reading_id=ids[each.reading],
                by_key=self.people(each.by),
                **_values(each, "reading", "by"),
            )
            for each in part.corrections
        )
        self.session.flush()
        self._firings(monitor_id, part.firings, incidents, ids)

    def _batch(self, monitor_id: int, part: BatchPart) -> ReadingBatch:
        return ReadingBatch(
            project_id=self.project_id,
            monitor_id=monitor_id,
            stored=len(part.readings),
            by_key=self.people(part.by),
            **_values(part, "by", "readings", problems=canonical_json(part.problems)),
        )

    def _firings(
        self,
        monitor_id: int,
        parts: Iterable[FiringPart],
        incidents: Mapping[int, int],
        readings: Mapping[str, int],
    ) -> None:
        made: list[int] = []
        for part in parts:
            row = Firing(
                project_id=self.project_id,
                monitor_id=monitor_id,
                incident_id=incidents[part.incident],
                reading_id=readings[part.reading] if part.reading is not None else None,
                **_values(
                    part,
                    "incident",
                    "reading",
                    replaces=made[part.replaces - 1] if part.replaces else None,
                ),
            )
            made.append(self._add(row))

    # ------------------------------------------------------------ rows

    @property
    def _is_listed_only(self) -> bool:
        said = self.document.project
        return said.origin == "register" and said.adopted_at is None

    def _maybe(self, name: str | None) -> str | None:
        return self.people(name) if name else None

    def _add(self, row: Any) -> int:
        """At once, so that ids follow the order of the document."""
        self.session.add(row)
        self.session.flush()
        return int(row.id)


def stored_rows(readings: Iterable[ReadingLine]) -> list[NewRow]:
    """The readings of a document as they are stored."""
    return [
        (key, stored_moment(moment), value, bound, verdict) for key, moment, value, bound, verdict in readings
    ]


def _values(part: Part, *but: str, **said: Any) -> dict[str, Any]:
    """The fields of a part as columns of the same names; words of a closed list as text."""
    names = (name for name in type(part).model_fields if name not in but)
    return {name: _plain(said[name] if name in said else getattr(part, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
