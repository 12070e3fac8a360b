"""Incidents and bugs: their course from open to closed, who may sign a fix, and when silence about one escalates.

An incident is open until somebody takes it on (working), until what went wrong is mended (fixed), until whoever the
release path names has signed the fix (signed), until what was learned is written down (closed).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from lifecycle.language import mark, say
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import Actor, AnswerState, Blocker, Person, Role

LONGEST_TEXT = 5_000
LONGEST_TITLE = 200
RELEASE_PATH = "R22"


class IncidentKind(StrEnum):
    """What opened it. A bug is found by somebody before it does harm."""

    TRIGGER = "trigger"
    SILENCE = "silence"
    INCIDENT = "incident"
    BUG = "bug"

    @property
    def title(self) -> str:
        return {
            "trigger": say("Trigger"),
            "silence": say("No readings"),
            "incident": say("Incident"),
            "bug": say("Bug"),
        }[self.value]


class IncidentSeverity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MODERATE = "moderate"
    MINOR = "minor"

    @property
    def title(self) -> str:
        return {
            "critical": say("Critical"),
            "major": say("Major"),
            "moderate": say("Moderate"),
            "minor": say("Minor"),
        }[self.value]

    @property
    def order(self) -> int:
        """Graver ones first."""
        return list(IncidentSeverity).index(self)

    @property
    def taken_on_within(self) -> timedelta:
        """How long it may wait until somebody takes it on; then others are told."""
        return timedelta(hours=_HOURS[self])


_HOURS = MappingProxyType(
    {
        IncidentSeverity.CRITICAL: 1,
        IncidentSeverity.MAJOR: 4,
        IncidentSeverity.MODERATE: 24,
        IncidentSeverity.MINOR: 72,
    }
)


class IncidentState(StrEnum):
    OPEN = "open"
    WORKING = "working"
    FIXED = "fixed"
    SIGNED = "signed"
    CLOSED = "closed"

    @property
    def title(self) -> str:
        return {
            "open": say("open").capitalize(),  # "Open" is what buttons say
            "working": say("Being worked on"),
            "fixed": say("Fix waits for its signature"),
            "signed": say("Review to be written"),
            "closed": say("Closed"),
        }[self.value]

    @property
    def goes_on(self) -> bool:
        """Whether what went wrong is not mended yet: further firings of its monitor belong to it."""
        return self in (IncidentState.OPEN, IncidentState.WORKING)


# Step: the states it may be taken from, and the sentence where it may not.
STEPS: Mapping[str, tuple[tuple[IncidentState, ...], str]] = MappingProxyType(
    {
        "take_on": ((IncidentState.OPEN, IncidentState.WORKING), mark("There is nothing left to take on.")),
        "fix": (
            (IncidentState.OPEN, IncidentState.WORKING, IncidentState.FIXED),
            mark("Its fix is signed already. Open the incident again to record another one."),
        ),
        "sign": ((IncidentState.FIXED,), mark("There is no fix that waits for a signature.")),
        "close": ((IncidentState.SIGNED,), mark("The fix has to be recorded and signed before the review.")),
        "reopen": (
            (IncidentState.FIXED, IncidentState.SIGNED, IncidentState.CLOSED),
            mark("This incident is open."),
        ),
        "edit": (
            (IncidentState.OPEN, IncidentState.WORKING, IncidentState.FIXED),
            mark("Its fix is signed already. Open the incident again to change it."),
        ),
    }
)


def may_take_step(step: str, state: IncidentState) -> tuple[Blocker, ...]:
    """Why the incident is not where this step begins; empty when it is."""
    allowed, sentence = STEPS[step]
    return () if state in allowed else (Blocker(f"incident:{state}", say(sentence)),)


# ---------------------------------------------------------------- the signature under a fix


@dataclass(frozen=True, slots=True)
class FixSigners:
    """Who the release path (R22) names. `is_named` False: it names nobody known here, so a role signs."""

    people: tuple[Person, ...]
    roles: frozenset[Role]
    words: str

    @property
    def is_named(self) -> bool:
        return bool(self.people)

    def include(self, by: Actor, held: Collection[Role]) -> bool:
        me = Person(by.key, by.name)
        return any(person.is_same(me) for person in self.people) or not self.roles.isdisjoint(held)


def fix_signers(facts: ProjectFacts) -> FixSigners:
    """Signer and second person of the release path; where it names nobody known, technology owner or approver."""
    answer = facts.answer(RELEASE_PATH)
    if answer is not None and answer.state is AnswerState.ANSWERED and isinstance(answer.value, Mapping):
        named = tuple(
            person
            for part in ("signer", "second_person")
            if isinstance(person := answer.value.get(part), Person)
        )
        if any(_is_known(person, facts) for person in named):
            names = say(" or ").join(person.name for person in named)
            words = say("{names}, whom the release path (R22) names", names=names)
            return FixSigners(named, frozenset(), words)
    return FixSigners(
        (),
        frozenset({Role.TECHNOLOGY, Role.APPROVER}),
        say(
            "the technology owner or an approver, as long as the release path (R22) names nobody of this project"
        ),
    )


def _is_known(person: Person, facts: ProjectFacts) -> bool:
    """A name such as that of a department signs nothing; an account does, and whoever of the project bears the name."""
    return bool(person.key) or any(
        person.is_same(Person(member.person_key, member.name)) for member in facts.members
    )


def may_sign_fix(
    facts: ProjectFacts, by: Actor, held: Collection[Role], state: IncidentState, fixed_by: str | None
) -> tuple[Blocker, ...]:
    """Why this person cannot sign the fix: nobody signs their own, and only whoever the release path names."""
    if found := may_take_step("sign", state):
        return found
    signers = fix_signers(facts)
    if not signers.include(by, held):
        return (
            Blocker(
                "wrong_person",
                say("This fix is signed by {signers}.", signers=signers.words),
                fields=(RELEASE_PATH,),
            ),
        )
    if fixed_by == by.key:
        text = say("You recorded this fix, so somebody else has to sign it.")
        return (Blocker("own_fix", text, fields=(RELEASE_PATH,)),)
    return ()


# ---------------------------------------------------------------- time


def time_to_detect(started_at: datetime, detected_at: datetime) -> timedelta:
    return max(timedelta(0), detected_at - started_at)


def time_to_restore(started_at: datetime, restored_at: datetime | None) -> timedelta | None:
    """From the beginning, not from when it was noticed: that is how long people had wrong answers."""
    return None if restored_at is None else max(timedelta(0), restored_at - started_at)


@dataclass(frozen=True, slots=True)
class Escalation:
    """A stage that has come: the kind of the outbox it is told as."""

    kind: str
    at: datetime


def escalations(opened_at: datetime, severity: IncidentSeverity, now: datetime) -> tuple[Escalation, ...]:
    """The stages that have come for an incident that nobody has taken on: once its time is over, and at thrice it."""
    within = severity.taken_on_within
    stages = (("incident.waits", opened_at + within), ("incident.waits_long", opened_at + 3 * within))
    return tuple(Escalation(kind, at) for kind, at in stages if at <= now)
