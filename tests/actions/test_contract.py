"""What holds for every action: it leaves an event, never commits, refuses outsiders, and on error leaves nothing.

LEGAL has one legal call for each public action; an action that is missing from it fails the first test.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from sqlmodel import Session, col, delete, func, select, update

from lifecycle import actions, events
from lifecycle.actions import (
    accounts,
    answers,
    copies,
    delegations,
    deliveries,
    documents,
    evidence,
    filters,
    gates,
    guides,
    identities,
    incidents,
    monitors,
    operation,
    own_guides,
    people,
    plans,
    projects,
    register_mappings,
    registers,
    releases,
    reviews,
    sessions,
    sources,
    surroundings,
    threads,
    tokens,
)
from lifecycle.errors import Forbidden, NotFound, Refused
from lifecycle.facts.documents import read_document
from lifecycle.facts.known import known_facts
from lifecycle.facts.projects import load_facts
from lifecycle.own_guide import OwnGuide, with_threshold
from lifecycle.rules.deliveries import Medium, Way
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.identities import Vouched
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.operation import Verdict
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.readings import NewReading
from lifecycle.rules.registers import ListedProject
from lifecycle.rules.releases import Move
from lifecycle.rules.reminders import ReminderPolicy
from lifecycle.rules.triggers import Direction
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import (
    Channel,
    Condition,
    DataSource,
    Delivery,
    Event,
    Organisation,
    PersonRow,
    Project,
    SignOff,
)
from lifecycle.store.tokens import hash_token
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import (
    COMMAND_LINE,
    SYSTEM,
    Actor,
    Decision,
    Gate,
    OrganisationRole,
    Outcome,
    ProjectStatus,
    Role,
    Scope,
    Stage,
)
from tests.clock import START
from tests.factories import (
    VERSION,
    Cast,
    answer,
    ask,
    cast,
    person,
    project,
    ready_to_launch,
    seen,
    sign,
    small_guide,
    source,
)
from tests.store.rows import all_rows

LATER = START + timedelta(hours=1)
NEXT_MONTH = date(2026, 4, 2)
Call = dict[str, Any]
VOUCHED = Vouched("https://login.example.org", "4711", "new@example.org", "Nia", frozenset(), None)


@dataclass(frozen=True)
class World:
    """Everybody and one project, committed once; each test adds its own and takes it back."""

    session: Session
    cast: Cast
    project_id: int

    def asked(self, role: Role = Role.PRIVACY, gate: Gate = Gate.DISCOVERY) -> int:
        return ask(self.session, self.cast, self.project_id, gate, role)

    def signed(self, role: Role = Role.PRIVACY, decision: Decision | None = None, **details: Any) -> int:
        gate = Gate.DESIGN if decision else Gate.DISCOVERY
        return sign(self.session, self.cast, self.project_id, gate, role, decision, **details)

    def says(self, field_id: str, raw: object) -> answers.SavedAnswer:
        return answer(self.session, self.cast, self.project_id, field_id, raw)

    @property
    def on_project(self) -> Call:
        return {"project_id": self.project_id}


# ---------------------------------------------------------------- one legal call for each


def _first_administrator(world: World) -> Call:
    """As before the first start: nobody administers, and there is no organisation."""
    world.session.execute(update(PersonRow).values(organisation_role="member"))
    world.session.execute(delete(Organisation))
    code = sessions.renew_set_up_code(world.session, at=START)
    words = {"organisation": "Riverbank", "time_zone": "UTC", "name": "Eve", "email": "eve@example.org"}
    return {"by": None, "code": code, "password_hash": "$h", **words}


def _invited(world: World) -> Call:
    token = people.invite(world.session, by=world.cast.ada, at=START, email="new@example.org")
    return {"by": None, "token": token, "name": "New", "password_hash": "$h"}


def _reset(world: World) -> Call:
    key = world.cast.pat.key
    token = people.make_reset_link(world.session, by=world.cast.ada, at=START, person_key=key)
    return {"by": None, "token": token, "password_hash": "$h"}


def _address(world: World) -> str:
    return world.session.get_one(PersonRow, world.cast.pat.key).email or ""


def _signed_in(world: World) -> str:
    return accounts.sign_in(world.session, at=START, person_key=world.cast.pat.key, lasts=timedelta(days=1))


def _cleared(world: World) -> Call:
    world.says("D12", "informs")
    return {"by": world.cast.pat, **world.on_project, "field_id": "D12", "base": 1}


def _restored(world: World) -> Call:
    first = world.says("D12", "informs")
    world.says("D12", "recommends")
    return {"by": world.cast.pat, **world.on_project, "answer_id": first.answer_id, "base": 2}


def _tier(world: World) -> Call:
    world.says("D12", "decides_alone")
    world.says("D13", {"affected": "public", "undo": "never"})
    _approver(world)
    return {"by": world.cast.ann, **world.on_project, "tier": 3, "reason": "Only staff see it"}


def _approver(world: World) -> None:
    key = world.cast.ann.key
    people.give_project_role(
        world.session, by=world.cast.pat, at=START, person_key=key, role=Role.APPROVER, **world.on_project
    )


def _condition(world: World) -> int:
    world.signed(
        decision=Decision.APPROVED_WITH_CONDITIONS, conditions=[("Finish the assessment", "Pat", NEXT_MONTH)]
    )
    found = world.session.exec(select(Condition.id)).one()
    assert found is not None
    return found


def _met(world: World) -> Call:
    condition_id = _condition(world)
    met = {"by": world.cast.pat, "condition_id": condition_id, "proof": "See D07"}
    gates.meet_condition(world.session, at=START, guide=world.cast.guide, **met)
    return {"by": world.cast[Role.PRIVACY], "condition_id": condition_id, "reason": "It does not show it"}


def _to_waive(world: World) -> Call:
    world.asked(Role.COMPLIANCE)
    world.says("D01", "It comes late")
    return {
        "by": world.cast[Role.COMPLIANCE],
        **world.on_project,
        "check_id": "T01",
        "gate": Gate.DISCOVERY,
        "mitigation": "A daily call",
        "expires_on": NEXT_MONTH,
    }


def _waived(world: World) -> Call:
    given = _to_waive(world)
    waiver_id = gates.waive(world.session, at=START, guide=world.cast.guide, **given)
    return {"by": given["by"], "waiver_id": waiver_id, "reason": "The call was dropped"}


def _reasoned(world: World) -> Call:
    world.says("D01", "It is vague")
    return {"by": world.cast.pat, **world.on_project, "check_id": "T02", "reason": "The pilot will tell"}


def _document(world: World) -> Call:
    content = LinkContent("DOC-1")
    return {"by": world.cast.pat, **world.on_project, "title": "Study", "content": content, "field_id": "D01"}


def _on_shelf(world: World) -> Call:
    evidence_id = evidence.add(world.session, at=START, guide=world.cast.guide, **_document(world))
    return {"by": world.cast.pat, "evidence_id": evidence_id}


def _off_shelf(world: World) -> Call:
    given = _on_shelf(world)
    evidence.remove(world.session, at=START, guide=world.cast.guide, **given)
    return given


def _open_invitation(world: World) -> Call:
    token = people.invite(world.session, by=world.cast.ada, at=START, email="new@example.org")
    return {"by": world.cast.ada, "token_hash": hash_token(token)}


def _about(world: World, who: Actor | None = None, **details: Any) -> Call:
    return {"by": world.cast.ada, "person_key": (who or world.cast.ann).key, **details}


def _inactive(world: World) -> Call:
    people.deactivate(world.session, by=world.cast.ada, at=START, person_key=world.cast.ann.key)
    return _about(world)


def _held_role(world: World) -> Call:
    _approver(world)
    return _about(world, role=Role.APPROVER, **world.on_project)


def _dated(world: World) -> Call:
    return {"by": world.cast.pat, **world.on_project, "gate": Gate.DESIGN, "on_date": NEXT_MONTH}


def _cleared_date(world: World) -> Call:
    plans.set_date(world.session, at=START, guide=world.cast.guide, **_dated(world))
    return {"by": world.cast.pat, **world.on_project, "gate": Gate.DESIGN}


def _edited(world: World) -> Call:
    words = {"name": "Orders ahead", "purpose": "", "organisation": ""}
    return {"by": world.cast.pat, **world.on_project, **words, "base": 1}


def _archived(world: World) -> Call:
    projects.archive(world.session, by=world.cast.pat, at=START, project_id=world.project_id)
    return {"by": world.cast.pat, **world.on_project}


REGISTER = registers.ListedRegister(
    register_name="trial",
    file_name="trial.csv",
    file_digest="0",
    projects=(
        ListedProject(
            identity="1",
            group="1",
            digest="0",
            row_number=1,
            name="Listed",
            organisation="Roads",
            external_id=None,
            stage=None,
            status=ProjectStatus.ACTIVE,
            stage_word="",
            risk="",
            facts=(),
        ),
    ),
)


MAPPING = {"name": "town", "title": "Town", "content": "name: town"}


def _mapped(world: World) -> Call:
    register_mappings.save_mapping(world.session, by=world.cast.ada, at=START, **MAPPING)
    return {"by": world.cast.ada, "name": MAPPING["name"]}


def _imported(world: World) -> int:
    run = registers.import_register(world.session, by=world.cast.ada, at=START, register=REGISTER)
    return run.run_id


def _listed_project(world: World, stage: Stage | None = None) -> Call:
    _imported(world)
    found = world.session.exec(select(Project).where(Project.origin == "register")).one()
    if stage:
        projects.map_stage(
            world.session,
            by=world.cast.ada,
            at=START,
            guide=world.cast.guide,
            project_id=found.id or 0,
            stage=stage,
        )
    return {"by": world.cast.ada, "project_id": found.id}


def _reassigned(world: World) -> Call:
    other = person(world.session, world.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    return {"by": world.cast.pat, "review_id": world.asked(), "person_key": other.key}


def _handed_over(world: World) -> Call:
    other = person(world.session, world.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    return {"by": world.cast[Role.PRIVACY], "review_id": world.asked(), "person_key": other.key}


def _away(world: World) -> Call:
    other = person(world.session, world.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    return {
        "by": world.cast[Role.PRIVACY],
        "to_key": other.key,
        "role": Role.PRIVACY,
        "starts_on": START.date(),
        "ends_on": NEXT_MONTH,
    }


def _back_early(world: World) -> Call:
    given = _away(world)
    delegation_id = delegations.give(world.session, at=START, guide=world.cast.guide, **given)
    return {"by": given["by"], "delegation_id": delegation_id}


def _decided(world: World) -> Call:
    review_id = world.asked()
    digest = seen(world.session, world.cast, review_id)
    return {
        "by": world.cast[Role.PRIVACY],
        "review_id": review_id,
        "decision": Decision.ACKNOWLEDGED,
        "seen_digest": digest,
    }


def _affirmed(world: World) -> Call:
    world.says("D25", {"personal": False})
    sign_off_id = world.signed()
    world.says("D25", {"personal": True, "categories": ["contact"]})
    review_id = world.session.get_one(SignOff, sign_off_id).review_id
    digest = seen(world.session, world.cast, review_id)
    return {"by": world.cast[Role.PRIVACY], "sign_off_id": sign_off_id, "seen_digest": digest}


def _asked(world: World) -> int:
    return threads.ask(
        world.session,
        by=world.cast.pat,
        at=START,
        guide=world.cast.guide,
        **world.on_project,
        field_id="D12",
        text="Why?",
    )


def _resolved(world: World) -> Call:
    thread_id = _asked(world)
    threads.resolve(world.session, by=world.cast.pat, at=START, thread_id=thread_id)
    return {"by": world.cast.pat, "thread_id": thread_id, "text": "It is not clear yet"}


def _change_asked(world: World) -> Call:
    world.says("D25", {"personal": True, "categories": ["contact"]})
    asked = {"comment": "Name the categories", "fields": ["D25"]}
    sign_off_id = world.signed(decision=Decision.CHANGES_REQUESTED, **asked)
    return {"by": world.cast.pat, "sign_off_id": sign_off_id, "key": "D25", "text": "They are all there"}


def _source(world: World) -> Call:
    return {
        "by": world.cast.pat,
        **world.on_project,
        "source_id": source(world.session, world.cast, world.project_id),
    }


def _behind(world: World) -> Call:
    """As if it had begun with an earlier version of the guide."""
    world.session.execute(
        update(Project).where(col(Project.id) == world.project_id).values(guide_version="0")
    )
    return {"by": world.cast.pat, **world.on_project, "to_digest": world.cast.guide.digest}


def _elsewhere(world: World) -> Call:
    """The record of a source of Pat's other project."""
    other = project(world.session, world.cast, "Returns")
    origin = source(world.session, world.cast, other, "Tills")
    answer(world.session, world.cast, other, "X03", "vendor", source_id=origin)
    return {"by": world.cast.pat, **world.on_project, "origin_source_id": origin}


def _changed_elsewhere(world: World) -> Call:
    given = _elsewhere(world)
    taken = call(world, copies.take_source, given)
    other = world.session.get_one(DataSource, given["origin_source_id"]).project_id
    where = {"source_id": given["origin_source_id"], "at": LATER}
    answer(world.session, world.cast, other, "X03", "partner", **where)
    return {"by": world.cast.pat, **world.on_project, "source_id": taken, "take": {"X03": 2}, "keep": {}}


def _removed_source(world: World) -> Call:
    given = _source(world)
    sources.remove(world.session, at=START, guide=world.cast.guide, **given)
    return given


def _token(world: World) -> Call:
    return {"by": world.cast.pat, "person_key": world.cast.pat.key, "name": "Nightly", "scopes": [Scope.READ]}


def _channel(world: World) -> Call:
    return {
        "by": world.cast.ada,
        "medium": Medium.WEBHOOK,
        "name": "Build",
        "address": "https://example.org/x",
    }


def _added_channel(world: World) -> Call:
    deliveries.add_channel(world.session, at=START, **_channel(world))
    found = world.session.exec(select(Channel.id)).one()
    return {"by": world.cast.ada, "channel_id": found}


def _view(world: World) -> Call:
    return {"by": world.cast.pat, "name": "Stuck", "query": "standing=blocked"}


def _saved_view(world: World, **details: Any) -> Call:
    found = filters.save(world.session, at=START, **_view(world))
    return {"by": world.cast.pat, "filter_id": found, **details}


def _sent(world: World) -> Call:
    found = deliveries.send_test(world.session, by=world.cast.ada, at=START)
    world.session.get_one(Delivery, found).state = "sent"
    return {"by": world.cast.ada, "delivery_id": found}


def _whole(world: World) -> Call:
    _condition(world)
    found = read_document(world.session, world.project_id, guide=world.cast.guide)
    return {"by": world.cast.pat, "document": found, "digest": "0" * 64}


def _stop(world: World) -> Call:
    outcome = {"gate": Gate.DISCOVERY, "outcome": Outcome.STOP, "reason": "A rule does as well"}
    return {"by": world.cast.pat, **world.on_project, **outcome}


WATCHED = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8, expected_seconds=60)


def _monitor(world: World) -> Call:
    new = {"by": world.cast.pat, **world.on_project, "spec": WATCHED}
    return {"by": world.cast.pat, "monitor_id": monitors.create(world.session, at=START, **new)}


def _paused(world: World) -> Call:
    given = _monitor(world)
    monitors.pause(world.session, at=START, **given, reason="A test of the feed")
    return given


def _pushed(world: World) -> Call:
    readings = [NewReading("2026-03-01", 0.9), NewReading("2026-03-02", 0.7)]
    return {**_monitor(world), "readings": readings}


def _to_correct(world: World) -> Call:
    given = _pushed(world)
    monitors.push(world.session, at=START, guide=world.cast.guide, **given)
    del given["readings"]
    return {**given, "key": "2026-03-01", "value": 0.6, "reason": "Counted twice"}


def _from_plan(world: World) -> Call:
    row = {"id": "r1", "metric": "Hits", "watches": "business", "direction": "below", "threshold": "84"}
    world.says("R13", [row])
    return {"by": world.cast.pat, **world.on_project}


def _incident(world: World) -> Call:
    new = {"by": world.cast.pat, **world.on_project, "title": "Wrong depot"}
    return {"by": world.cast.pat, "incident_id": incidents.open_incident(world.session, at=START, **new)}


def _fixed(world: World) -> Call:
    given = _incident(world)
    words = {"cause": "An old map", "fix": "Loaded the new one"}
    incidents.record_fix(world.session, at=START, guide=world.cast.guide, **given, **words)
    world.asked(Role.TECHNOLOGY, Gate.DESIGN)
    return {**given, "by": world.cast[Role.TECHNOLOGY]}


def _signed_fix(world: World) -> Call:
    given = _fixed(world)
    incidents.sign_fix(world.session, at=START, guide=world.cast.guide, **given)
    return {**given, "by": world.cast.pat}


def _releasing(world: World) -> Call:
    ready_to_launch(world.session, world.cast, world.project_id)
    return {"by": world.cast.pat, **world.on_project, "model_version": VERSION}


def _released(world: World, *moves: Move) -> Call:
    release_id = releases.create(world.session, at=START, guide=world.cast.guide, **_releasing(world))
    made = {"by": world.cast.pat, "release_id": release_id}
    for move in moves:
        releases.step(world.session, at=START, guide=world.cast.guide, move=move, **made)
    return made


def _live(world: World) -> None:
    """Launched just now."""
    ready_to_launch(world.session, world.cast, world.project_id)
    launch = {"gate": Gate.LAUNCH, "outcome": Outcome.GO, **world.on_project}
    gates.decide(world.session, by=world.cast.ann, at=START, guide=world.cast.guide, **launch)


def _reviewed(world: World) -> Call:
    _live(world)
    back = {"verdict": Verdict.RECYCLE, "reason": "Read by nobody", "to_stage": Stage.DESIGN}
    return {"by": world.cast.pat, **world.on_project, **back}


def _to_retire(world: World) -> Call:
    _live(world)
    return {
        "by": world.cast.pat,
        **world.on_project,
        "reason": "A rule does as well",
        "told": {"The planners": START.date()},
        "downstream": "Nobody reads the file any more",
        "records_until": NEXT_MONTH,
        "lessons": "Ask for the consumer first",
    }


def _changed(world: World) -> Call:
    noted = {"change": "New feed", "kind": "source", "changed_on": START.date()}
    return {"by": world.cast.pat, **world.on_project, **noted}


def _to_assess(world: World) -> Call:
    surroundings.note_change(world.session, at=START, guide=world.cast.guide, **_changed(world))
    return {"by": world.cast.pat, **world.on_project, "row_id": "r1"}


LEGAL: dict[Callable[..., Any], Callable[[World], Call]] = {
    accounts.create_first_administrator: _first_administrator,
    accounts.sign_in: lambda world: {
        "by": None,
        "person_key": world.cast.pat.key,
        "lasts": timedelta(days=1),
    },
    accounts.sign_out: lambda world: {"by": None, "token": _signed_in(world)},
    accounts.accept_invitation: _invited,
    accounts.change_password: lambda world: {"by": world.cast.pat, "password_hash": "$other"},
    accounts.use_reset_link: _reset,
    accounts.refuse_signing: lambda world: {"by": world.cast.ann, "review_id": 1, "tries": 5},
    identities.connect: lambda world: {"by": None, "email": _address(world), "vouched": VOUCHED},
    identities.join: lambda world: {"by": None, "vouched": VOUCHED, "by_group": True},
    identities.follow_groups: lambda world: {
        "person_key": world.cast.pat.key,
        "role": OrganisationRole.LEADERSHIP,
    },
    answers.save: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "field_id": "D12",
        "raw": "informs",
        "base": 0,
    },
    answers.save_many: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "given": [answers.GivenAnswer("D12", "informs")],
    },
    answers.import_sheet: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "given": [answers.GivenAnswer("D12", "informs", base=0)],
    },
    answers.clear: _cleared,
    answers.restore: _restored,
    filters.save: lambda world: _view(world),
    filters.rename: lambda world: _saved_view(world, name="Mine"),
    filters.delete: lambda world: _saved_view(world),
    deliveries.add_channel: lambda world: _channel(world),
    deliveries.switch_channel: lambda world: {**_added_channel(world), "active": False},
    deliveries.remove_channel: lambda world: _added_channel(world),
    deliveries.replay: _sent,
    deliveries.send_test: lambda world: {"by": world.cast.ada},
    deliveries.choose: lambda world: {"by": world.cast.pat, "way": Way.DIGEST, "digest_hour": 7},
    deliveries.set_reminders: lambda world: {"by": world.cast.ada, "policy": ReminderPolicy(hour=9)},
    documents.import_document: _whole,
    gates.decide: _stop,
    gates.choose_tier: _tier,
    gates.add_condition: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "gate": Gate.DISCOVERY,
        "text": "Name a second owner",
        "owner": "Pat",
        "due_on": NEXT_MONTH,
    },
    gates.meet_condition: lambda world: {
        "by": world.cast.pat,
        "condition_id": _condition(world),
        "proof": "See D07",
    },
    gates.reopen_condition: _met,
    gates.withdraw_condition: lambda world: {
        "by": world.cast[Role.PRIVACY],
        "condition_id": _condition(world),
        "reason": "No longer needed",
    },
    gates.waive: _to_waive,
    gates.revoke_waiver: _waived,
    gates.give_reason: _reasoned,
    evidence.add: _document,
    evidence.revise: lambda world: {**_on_shelf(world), "content": LinkContent("DOC-2")},
    evidence.set_expiry: lambda world: {**_on_shelf(world), "expires_on": NEXT_MONTH},
    evidence.remove: _on_shelf,
    evidence.restore: _off_shelf,
    incidents.open_incident: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "title": "Wrong depot",
        "text": "Since noon",
    },
    incidents.take_on: _incident,
    incidents.edit: lambda world: {
        **_incident(world),
        "base": 1,
        "title": "Wrong depots",
        "severity": IncidentSeverity.CRITICAL,
        "cause": "An old map",
        "model_version": "2.1",
        "started_at": START,
    },
    incidents.note: lambda world: {**_incident(world), "text": "Called the depot"},
    incidents.record_fix: lambda world: {**_incident(world), "cause": "An old map", "fix": "A new one"},
    incidents.sign_fix: _fixed,
    incidents.close: lambda world: {**_signed_fix(world), "lessons": "Maps are checked weekly"},
    incidents.reopen: lambda world: {**_signed_fix(world), "reason": "It happened again"},
    monitors.create: lambda world: {"by": world.cast.pat, **world.on_project, "spec": WATCHED},
    monitors.create_from_plan: _from_plan,
    monitors.change: lambda world: {**_monitor(world), "base": 1, "spec": replace(WATCHED, threshold=0.7)},
    monitors.pause: lambda world: {**_monitor(world), "reason": "A test of the feed"},
    monitors.resume: _paused,
    monitors.retire: lambda world: {**_monitor(world), "reason": "Out of use"},
    monitors.set_baseline: lambda world: {**_monitor(world), "baseline": 0.9, "model_version": "2.1"},
    monitors.push: _pushed,
    monitors.correct: _to_correct,
    monitors.record_silence: lambda world: {**_monitor(world), "by": SYSTEM},
    operation.conclude_review: _reviewed,
    operation.retire: _to_retire,
    people.invite: lambda world: {"by": world.cast.ada, "email": "new@example.org"},
    people.revoke_invitation: _open_invitation,
    people.make_reset_link: _about,
    people.rename: lambda world: _about(world, name="Anna"),
    people.choose_language: lambda world: {"by": world.cast.pat, "language": "fr"},
    people.set_organisation_role: lambda world: _about(world, role=world.cast.ada.organisation_role),
    people.set_approval_level: lambda world: _about(world, level=2),
    people.make_eligible: lambda world: _about(world, role=Role.PRIVACY),
    people.end_eligibility: lambda world: _about(world, world.cast[Role.PRIVACY], role=Role.PRIVACY),
    people.deactivate: _about,
    people.sign_out_everywhere: _about,
    people.reactivate: _inactive,
    people.erase: _about,
    people.give_project_role: lambda world: _about(world, role=Role.APPROVER, **world.on_project),
    people.take_project_role: _held_role,
    plans.set_date: _dated,
    plans.set_dates: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "dates": {Gate.MODEL: _dated(world)["on_date"]},
    },
    plans.clear_date: _cleared_date,
    plans.set_holidays: lambda world: {"by": world.cast.ada, "country": "NL"},
    projects.register: lambda world: {"by": world.cast.pat, "name": "Returns"},
    projects.edit: _edited,
    projects.archive: lambda world: {"by": world.cast.pat, **world.on_project},
    projects.restore: _archived,
    projects.adopt: lambda world: _listed_project(world, Stage.MODEL),
    projects.map_stage: lambda world: {**_listed_project(world), "stage": Stage.MODEL},
    registers.import_register: lambda world: {"by": world.cast.ada, "register": REGISTER},
    registers.merge: lambda world: {
        **_listed_project(world, Stage.MODEL),
        "into_id": world.project_id,
    },
    register_mappings.save_mapping: lambda world: {"by": world.cast.ada, **MAPPING},
    register_mappings.rename_mapping: lambda world: {**_mapped(world), "new_name": "city", "title": "City"},
    register_mappings.remove_mapping: lambda world: _mapped(world),
    registers.undo_import: lambda world: {"by": world.cast.ada, "run_id": _imported(world)},
    releases.create: _releasing,
    releases.step: lambda world: {**_released(world), "move": Move.SHADOW},
    releases.roll_back: lambda world: {**_released(world, Move.CANARY), "reason": "It failed at night"},
    releases.withdraw: lambda world: {**_released(world), "reason": "Built on the wrong day"},
    reviews.request: lambda world: {
        "by": world.cast.pat,
        **world.on_project,
        "gate": Gate.DISCOVERY,
        "role": Role.LEGAL,
        "person_key": world.cast[Role.LEGAL].key,
    },
    reviews.cancel: lambda world: {"by": world.cast.pat, "review_id": world.asked()},
    reviews.reassign: _reassigned,
    reviews.hand_over: _handed_over,
    reviews.decide: _decided,
    reviews.affirm: _affirmed,
    reviews.answer_change: _change_asked,
    reviews.withdraw: lambda world: {
        "by": world.cast[Role.PRIVACY],
        "sign_off_id": world.signed(),
        "reason": "Misread",
    },
    delegations.give: _away,
    delegations.end: _back_early,
    threads.ask: lambda world: {"by": world.cast.pat, **world.on_project, "field_id": "D12", "text": "Why?"},
    threads.reply: lambda world: {"by": world.cast.pat, "thread_id": _asked(world), "text": "Because."},
    threads.resolve: lambda world: {"by": world.cast.pat, "thread_id": _asked(world)},
    threads.reopen: _resolved,
    guides.keep: lambda world: {"by": SYSTEM},
    guides.upgrade: _behind,
    own_guides.save: lambda world: {
        "by": world.cast.ada,
        "shipped": world.cast.guide,
        "own": with_threshold(OwnGuide(version="0", prefix="OUR"), "actionable_share", Decimal("0.7")),
        "base": 0,
    },
    copies.copy_project: lambda world: {"by": world.cast.pat, **world.on_project, "name": "Orders in Spain"},
    copies.take_source: _elsewhere,
    copies.follow_source: _changed_elsewhere,
    tokens.create: lambda world: _token(world),
    tokens.revoke: lambda world: {
        "by": world.cast.pat,
        "token_id": tokens.create(world.session, at=START, **_token(world)).id,
    },
    sources.add: lambda world: {"by": world.cast.pat, **world.on_project, "name": "Feed"},
    sources.rename: lambda world: {**_source(world), "name": "Other feed", "base": 1},
    sources.remove: _source,
    sources.restore: _removed_source,
    surroundings.note_change: _changed,
    surroundings.assess_change: _to_assess,
}

# Nobody is an outsider to these: the way in, one's own password, and what every member may do.
FOR_EVERYBODY = {
    accounts.create_first_administrator,
    accounts.sign_in,
    accounts.sign_out,
    accounts.accept_invitation,
    accounts.change_password,
    people.choose_language,
    accounts.use_reset_link,
    accounts.refuse_signing,
    identities.connect,
    identities.join,
    identities.follow_groups,
    deliveries.choose,
    filters.save,
    documents.import_document,
    projects.register,
}


def public_actions() -> set[Callable[..., Any]]:
    """Every public function of the ring that takes who acts and when. (`sessions` only keeps books.)"""
    found = set()
    for module in pkgutil.iter_modules(actions.__path__, f"{actions.__name__}."):
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            takes = {
                key
                for key, parameter in inspect.signature(function).parameters.items()
                if parameter.kind is parameter.KEYWORD_ONLY
            }
            if function.__module__ == module.name and not name.startswith("_") and {"by", "at"} <= takes:
                found.add(function)
    return found


# ---------------------------------------------------------------- the world


class Boom(Exception):
    """Whatever goes wrong in the middle."""


class TakenBack(Exception):
    """Ends a test's transaction without a trace."""


@pytest.fixture(scope="module")
def prepared(new_database: Callable[[], str]) -> Iterator[tuple[Database, Cast, int]]:
    database = open_database(new_database())
    with database.write() as session:
        everybody = cast(session, small_guide(with_checks=True))
        project_id = project(session, everybody)
    yield database, everybody, project_id
    database.dispose()


@pytest.fixture
def world(prepared: tuple[Database, Cast, int]) -> Iterator[World]:
    database, everybody, project_id = prepared
    with suppress(TakenBack), database.write() as session:
        yield World(session, everybody, project_id)
        raise TakenBack


def name_of(action: Callable[..., Any]) -> str:
    return f"{action.__module__.rpartition('.')[2]}.{action.__name__}"


each_action = pytest.mark.parametrize("action", LEGAL, ids=name_of)


def call(world: World, action: Callable[..., Any], given: Call) -> Any:
    """Run it as the edge does, with the guide where it takes one."""
    takes = inspect.signature(action).parameters
    extra = {"guide": world.cast.guide} if "guide" in takes else {}
    return action(world.session, at=LATER, **extra, **given)


def content(session: Session) -> dict[str, list[tuple[object, ...]]]:
    session.flush()
    return {table.name: all_rows(session, table) for table in metadata.sorted_tables}


def count_events(session: Session) -> int:
    return session.exec(select(func.count(col(Event.id)))).one()


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """What the edge does on any exception, inside a transaction that goes on."""
    session.flush()
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


# ---------------------------------------------------------------- the contract


@pytest.mark.once
def test_table_names_every_public_action() -> None:
    assert {name_of(action) for action in LEGAL} == {name_of(action) for action in public_actions()}


@each_action
def test_action_leaves_an_event_and_the_commit_to_the_edge(
    world: World, action: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = LEGAL[action](world)
    world.session.flush()
    before = count_events(world.session)
    prepared_by_hand = set(verify_session(world.session).row_faults)

    def no_commit(*_: object) -> None:
        raise AssertionError("the action committed")

    monkeypatch.setattr(world.session, "commit", no_commit)
    call(world, action, given)
    assert count_events(world.session) == before + 1, "one action is one event"
    found = verify_session(world.session)
    assert found.chain_faults == ()
    assert set(found.row_faults) <= prepared_by_hand, (
        "the event vouches for every row that the action touched"
    )


@pytest.mark.once
@each_action
def test_what_is_known_of_a_project_is_read_anew_after_the_action(
    world: World, action: Callable[..., Any]
) -> None:
    """An action that changed a project without an event of it or of the organisation would go unseen."""
    given = LEGAL[action](world)
    ids = world.session.exec(select(Project.id)).all()
    before = {project_id: _known(world, project_id) for project_id in ids}
    assert before == {project_id: _read(world, project_id) for project_id in ids}
    call(world, action, given)
    for project_id in ids:
        assert _known(world, project_id) == _read(world, project_id)


def _known(world: World, project_id: int | None) -> ProjectFacts:
    return known_facts(world.session, project_id or 0, today=LATER.date(), guide=world.cast.guide)


def _read(world: World, project_id: int | None) -> ProjectFacts:
    return load_facts(world.session, project_id or 0, today=LATER.date(), guide=world.cast.guide)


@each_action
def test_action_leaves_nothing_behind_on_error(
    world: World, action: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = LEGAL[action](world)
    before = content(world.session)

    def fail(*_: object, **__: object) -> int:
        raise Boom

    monkeypatch.setattr(events, "_append", fail)
    with rolled_back(world.session), pytest.raises(Boom):
        call(world, action, given)
    assert content(world.session) == before


@pytest.mark.once
@pytest.mark.parametrize("action", [action for action in LEGAL if action not in FOR_EVERYBODY], ids=name_of)
def test_action_refuses_whoever_has_no_role_and_writes_nothing(
    world: World, action: Callable[..., Any]
) -> None:
    given = LEGAL[action](world)
    before = content(world.session)
    with pytest.raises((Forbidden, NotFound, Refused)) as refused:
        call(world, action, {**given, "by": world.cast.olu})
    assert str(refused.value).endswith(".")
    assert content(world.session) == before


@pytest.mark.once
def test_command_line_cannot_sign(world: World) -> None:
    for action in (reviews.decide, reviews.affirm, reviews.withdraw, gates.decide, gates.waive):
        with rolled_back(world.session):
            given = LEGAL[action](world)
            with pytest.raises(Forbidden, match="signed in"):
                call(world, action, {**given, "by": COMMAND_LINE})
