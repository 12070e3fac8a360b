"""Releases as they are shown: each with its steps, two side by side, and how well the product is delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.releases import Content, incident_facts, release_facts, thaw
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.wording import NO_ANSWER, Wording, all_names
from lifecycle.rules.delivery import DeliveryMetrics, measure
from lifecycle.rules.permissions import may
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.readiness import readiness
from lifecycle.rules.releases import (
    ENDS,
    Move,
    ReleaseFact,
    ReleaseState,
    back_to,
    compare,
    current,
    length_words,
    may_release,
    may_roll_back,
    may_step,
    may_withdraw,
    next_moves,
    replaced_at,
    score_words,
    signed_version,
    state_of,
)
from lifecycle.rules.retold import RELEASE
from lifecycle.store.tables import Release, ReleaseStep, SignOff
from lifecycle.vocabulary import Actor, Blocker, Decision, Gate, Role

ACTIONS = ("releases.create", "releases.step", "releases.roll_back", "releases.withdraw", "answers.save")


@dataclass(frozen=True, slots=True)
class StepView:
    """One step in words. `restored_in` is there for a rollback that says when the trouble began."""

    move: Move
    words: str
    happened_at: datetime
    who: str
    note: str
    restored_in: str = ""


@dataclass(frozen=True, slots=True)
class SignedView:
    """One sign-off that a release froze."""

    gate: Gate
    role: Role
    name: str
    decision: Decision
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """One release. `against` are the reasons why the next step that reaches users cannot be taken now."""

    id: int
    number: int
    model_version: str
    summary: str
    digest: str
    state: ReleaseState
    share: int | None
    made_at: datetime
    made_by: str
    ready_at: datetime | None
    reached_at: datetime | None
    replaced_at: datetime | None  # when a later one was brought to everybody
    steps: tuple[StepView, ...]
    approved: tuple[str, ...]
    sign_offs: tuple[SignedView, ...]
    answers: int
    sources: tuple[str, ...]
    documents: tuple[str, ...]
    score: str
    next_moves: tuple[Move, ...]
    against: Mapping[Move, tuple[Blocker, ...]]
    can_roll_back: bool
    can_withdraw: bool
    back_to: str  # what would serve after a rollback; empty: the fallback

    @property
    def name(self) -> str:
        return say("Release {number} · version {version}", number=self.number, version=self.model_version)

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "model_version": self.model_version,
            "summary": self.summary,
            "state": self.state.value,
            "share": self.share,
            "digest": self.digest,
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "ready_at": self.ready_at.isoformat() if self.ready_at else None,
            "reached_users_at": self.reached_at.isoformat() if self.reached_at else None,
            "approved": list(self.approved),
            "sign_offs": [
                {"gate": each.gate.value, "role": each.role.value, "decision": each.decision.value}
                for each in self.sign_offs
            ],
            "test_score": self.score,
            "steps": [
                {
                    "move": each.move.value,
                    "words": each.words,
                    "happened_at": each.happened_at.isoformat(),
                    "by": each.who,
                    "note": each.note,
                    "restored_in": each.restored_in or None,
                }
                for each in self.steps
            ],
        }


@dataclass(frozen=True, slots=True)
class ReleasesView:
    """All releases of a project, the newest first. `against` are the reasons why none can be made now."""

    project: ProjectHead
    releases: tuple[ReleaseView, ...]
    signed_version: str | None
    against: tuple[Blocker, ...]
    metrics: DeliveryMetrics
    may: frozenset[str]

    @property
    def serving(self) -> ReleaseView | None:
        return next((each for each in self.releases if each.state is ReleaseState.LIVE), None)

    @property
    def rolling_out(self) -> ReleaseView | None:
        states = (ReleaseState.CANARY, ReleaseState.SHARE)
        return next((each for each in self.releases if each.state in states), None)


@dataclass(frozen=True, slots=True)
class Beside:
    """One thing that differs between two releases, in words."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two releases side by side: the older one is `before`."""

    before: ReleaseView
    after: ReleaseView
    answers: tuple[Beside, ...]
    sign_offs: tuple[Beside, ...]
    tests: tuple[Beside, ...]
    sources_gone: tuple[str, ...]
    sources_new: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.answers or self.sign_offs or self.tests or self.sources_gone or self.sources_new)


# ---------------------------------------------------------------- all of them


@by_its_guide
def view(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> ReleasesView:
    """Raises NotFound for a project that does not exist or that this person may not read."""
    head = projects.head(session, key=key, by=by, at=at)
    reader = _reader(session, head, guide, at)
    version = signed_version(reader.facts)
    launch = readiness(reader.facts, guide, Gate.LAUNCH, reader.basis).blockers
    return ReleasesView(
        project=head,
        releases=tuple(reader.view(row) for row in reversed(reader.rows)),
        signed_version=version,
        against=may_release(reader.facts, version or "", launch) if head.is_open else (),
        metrics=measure(reader.known, incident_facts(session, head.id), max(at, reader.newest)),
        may=frozenset(
            action
            for action in ACTIONS
            if head.is_open and may(action, by, project_roles(session, head.id, by.key))
        ),
    )


@by_its_guide
def by_number(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, number: int
) -> ReleaseView:
    """One release of a project; raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    reader = _reader(session, head, guide, at)
    return reader.numbered(number)


@by_its_guide
def comparison(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, one: int, other: int
) -> Comparison:
    """What differs between two releases of a project, by number; raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    reader = _reader(session, head, guide, at)
    before, after = (reader.numbered(number) for number in sorted((one, other)))
    old, new = reader.contents[before.id], reader.contents[after.id]
    found = compare(old.frozen, new.frozen)
    words = reader.wording(old.facts), reader.wording(new.facts)
    return Comparison(
        before=before,
        after=after,
        answers=tuple(_beside(key, words, (old, new)) for key in found.answers),
        sign_offs=tuple(reader.signed(place, old, new) for place in found.signed_anew),
        tests=tuple(_test(guide, test, old, new) for test in found.tests),
        sources_gone=found.sources_gone,
        sources_new=found.sources_new,
    )


def _beside(key: str, words: tuple[Wording, Wording], contents: tuple[Content, Content]) -> Beside:
    title = next((each.place(key).title for each in reversed(words) if _is_there(each.facts, key)), key)
    before, after = (_said(key, each, content) for each, content in zip(words, contents, strict=True))
    return Beside(title, before, after)


def _is_there(facts: ProjectFacts, key: str) -> bool:
    source = key.partition("@")[2]
    return not source or any(str(each.id) == source for each in facts.sources)


def _said(key: str, wording: Wording, content: Content) -> str:
    """The frozen answer in words; one whose question the guide dropped stands as it was stored."""
    if key not in content.raw:
        return say(NO_ANSWER)
    if key.partition("@")[0] not in wording.guide.fields:
        return str(content.raw[key]["value"])
    return wording.now(key)


def _test(guide: Guide, test: str, old: Content, new: Content) -> Beside:
    spec = guide.fields.get("M16")
    tests = spec.part("test").choices if spec else {}
    scores = spec.part("score").choices if spec else {}
    before, after = (content.frozen.tests.get(test, "0") for content in (old, new))
    return Beside(tests.get(test, test), scores.get(before, before), scores.get(after, after))


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class _Reader:
    """The releases of one project with all that their views need: read in a fixed number of statements."""

    session: Session
    head: ProjectHead
    guide: Guide
    names: Mapping[str, str]
    facts: ProjectFacts
    basis: Any
    rows: Sequence[Release]
    steps: Sequence[ReleaseStep]
    known: tuple[ReleaseFact, ...]

    @property
    def newest(self) -> datetime:
        """When something happened last: a page that is drawn for the whole hour counts it too."""
        return max((row.happened_at for row in self.steps), default=datetime.min.replace(tzinfo=UTC))

    @cached_property
    def contents(self) -> dict[int, Content]:
        return {row.id or 0: thaw(row.content, self.guide, self.names, self.facts.today) for row in self.rows}

    @cached_property
    def _signed(self) -> dict[int, SignOff]:
        ids = {made for fact in self.known for made in fact.sign_offs}
        rows = self.session.execute(select(SignOff).where(col(SignOff.id).in_(ids))).scalars()
        return {row.id or 0: row for row in rows}

    def wording(self, facts: ProjectFacts) -> Wording:
        return Wording(facts, self.guide, self.names)

    def numbered(self, number: int) -> ReleaseView:
        row = next((row for row in self.rows if row.number == number), None)
        if row is None:
            raise NotFound(say("release"), number)
        return self.view(row)

    def view(self, row: Release) -> ReleaseView:
        fact = next(each for each in self.known if each.id == row.id)
        content, person = self.contents[fact.id], self.wording(self.facts).person
        before = back_to(fact, self.known)
        moves = next_moves(fact)
        return ReleaseView(
            id=fact.id,
            number=row.number,
            model_version=row.model_version,
            summary=row.summary,
            digest=row.digest,
            state=state_of(fact, self.known),
            share=fact.newest.share if fact.newest else None,
            made_at=row.at,
            made_by=person(row.by_key),
            ready_at=row.ready_at,
            reached_at=fact.reached_users_at,
            replaced_at=replaced_at(fact, self.known),
            steps=tuple(self._step(step) for step in self.steps if step.release_id == row.id),
            approved=tuple(self._approved(content)),
            sign_offs=tuple(
                sorted(
                    (self._sign_off(made) for made in fact.sign_offs if made in self._signed),
                    key=lambda each: (-each.gate.order, list(Role).index(each.role)),
                )
            ),
            answers=len(content.raw),
            sources=tuple(content.frozen.sources.values()),
            documents=tuple(title for title, _, _ in content.documents),
            score=score_words(content.frozen.tests),
            next_moves=moves,
            against={move: may_step(self.facts, fact, self.known, move, _any_share(fact)) for move in moves},
            can_roll_back=not may_roll_back(fact) and fact.id in self._served,
            can_withdraw=not may_withdraw(fact),
            back_to=say(RELEASE, number=before.number, version=before.model_version) if before else "",
        )

    @property
    def _served(self) -> set[int]:
        """What users get now: rolling back what was replaced long ago would take nothing from anybody."""
        serving = current(self.known)
        out = {fact.id for fact in self.known if fact.is_rolling_out}
        return out | ({serving.id} if serving else set())

    def _step(self, row: ReleaseStep) -> StepView:
        move = Move(row.move)
        words = say("{share} % of the traffic", share=row.share) if move is Move.SHARE else say(move.label)
        took = row.happened_at - row.began_at if row.began_at and move in ENDS else None
        return StepView(
            move=move,
            words=words,
            happened_at=row.happened_at,
            who=self.wording(self.facts).person(row.by_key),
            note=row.note,
            restored_in=length_words(took) if took is not None else "",
        )

    def _sign_off(self, sign_off_id: int) -> SignedView:
        row = self._signed[sign_off_id]
        return SignedView(Gate(row.gate), Role(row.role), row.printed_name, Decision(row.decision), row.at)

    def _approved(self, content: Content) -> Iterator[str]:
        """Who let it go live: the approver, whoever recorded the go, then the owners."""
        signed = [self._signed[made] for made in content.launch_sign_offs if made in self._signed]
        yield from (_approval(row) for row in signed if row.role == Role.APPROVER)
        if content.go_gate and content.go_at:
            who = self.wording(self.facts).person(content.go_by)
            yield say(
                "{who}, go at {gate} on {day}",
                who=who,
                gate=content.go_gate.title,
                day=content.go_at.date().isoformat(),
            )
        yield from (_approval(row) for row in signed if row.role in (Role.BUSINESS, Role.TECHNOLOGY))

    def signed(self, place: str, old: Content, new: Content) -> Beside:
        gate, role, person = place.split("/", 2)
        who = self.wording(self.facts).person(person)
        title = say("{role} at {gate}: {who}", role=Role(role).title, gate=Gate(gate).title, who=who)
        before, after = (self._decided(content.frozen.sign_offs.get(place)) for content in (old, new))
        return Beside(title, before, after)

    def _decided(self, sign_off_id: int | None) -> str:
        row = self._signed.get(sign_off_id or 0)
        return f"{Decision(row.decision).title}, {row.at.date().isoformat()}" if row else say("Not signed")


def _approval(row: SignOff) -> str:
    return say(
        "{name} as {role} on {day}",
        name=row.printed_name,
        role=Role(row.role).title,
        day=row.at.date().isoformat(),
    )


def _any_share(fact: ReleaseFact) -> int:
    """A share that is no obstacle by itself: the form asks for the real one."""
    return 50 if fact.newest is None or fact.newest.share != 50 else 51


def _reader(session: Session, head: ProjectHead, guide: Guide, at: datetime) -> _Reader:
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    rows = list(
        session.execute(
            select(Release).where(col(Release.project_id) == head.id).order_by(col(Release.number))
        ).scalars()
    )
    steps = list(
        session.execute(
            select(ReleaseStep).where(col(ReleaseStep.project_id) == head.id).order_by(col(ReleaseStep.id))
        ).scalars()
    )
    return _Reader(
        session=session,
        head=head,
        guide=guide,
        names=all_names(session),
        facts=known.facts,
        basis=known.basis,
        rows=rows,
        steps=steps,
        known=release_facts(session, head.id),
    )
