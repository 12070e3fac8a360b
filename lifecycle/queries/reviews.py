"""One review as its reader sees it: what is relied on, what changed, and what will be signed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.delegations import delegations_to
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_facts
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide, ReviewSpec
from lifecycle.language import say, say_count
from lifecycle.queries import projects, records
from lifecycle.queries.change_requests import RequestedChange, requested_changes
from lifecycle.queries.findings import FindingView, findings, touching
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import ConditionView, EvidenceView, SignatureView
from lifecycle.queries.wording import Place, Wording, all_names, message_of
from lifecycle.rules import reviews as rules
from lifecycle.rules.checks.evaluation import AREAS_OF_CHECKS, evaluate
from lifecycle.rules.differences import Line, differences
from lifecycle.rules.evidence import EVIDENCE, changed_evidence
from lifecycle.rules.permissions import refusal
from lifecycle.rules.project_facts import AnswerFact, DelegationFact, ProjectFacts, ReviewFact
from lifecycle.rules.signoffs import SOURCE, cover, decisions_allowed, digest_of, stands_in
from lifecycle.store.tables import Answer, Project, Review, SignOff
from lifecycle.vocabulary import Act, Actor, Area, Blocker, Decision, Gate, Meaning, Role


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """One answer that the decision rests on. `before` is what it was at this role's last decision."""

    place: Place
    now: str
    before: str | None  # None: this role has not decided on it yet
    is_changed: bool
    is_open: bool  # there is no answer now
    difference: tuple[Line, ...] = ()  # where it changed: text by words, rows by rows

    @property
    def is_new(self) -> bool:
        return self.before is None


@dataclass(frozen=True, slots=True)
class Promise:
    """What one decision lets the signer say."""

    decision: Decision
    stated: Meaning | None  # None: the guide does not ask this role any more
    signer: str
    role: Role
    gate: Gate
    project: str
    meaning: str
    stands_in_for: str = ""  # whoever it is signed for, whatever the signer says

    def statement(self, *, conditions: int = 1, on_behalf_of: str = "") -> str:
        """The sentence that would be signed with so many conditions, for whom the signer says."""
        return rules.statement(
            name=self.signer,
            role=self.role,
            gate=self.gate,
            project=self.project,
            meaning=self.meaning,
            decision=self.decision,
            on_behalf_of=self.stands_in_for or " ".join(on_behalf_of.split()),
            conditions=conditions,
        )


@dataclass(frozen=True, slots=True)
class ReviewView:
    """All that one page needs. `against_deciding` is why this person may not decide; empty: they may."""

    project: ProjectHead
    id: int
    gate: Gate
    role: Role
    act: Act
    meaning: str
    state: str  # open, decided, withdrawn
    person_key: str
    person: str
    requested_by: str
    requested_at: datetime
    due_on: date | None
    days_waiting: int
    message: str
    promises: tuple[Promise, ...]  # one for each decision, several where the signer chooses the meaning
    enters_password: bool  # agreeing here takes the password
    stands_in_for: str  # whom this person stands in for here; empty: nobody
    handed_over_by: str  # who was asked first and passed it on
    relied_on: tuple[ReliedOn, ...]  # in the order of the guide
    source_changes: tuple[str, ...]  # data sources that came or went since
    document_changes: tuple[str, ...]  # documents that came, went or have other content since
    last_decision: SignatureView | None  # of this role, here or at an earlier gate
    signatures: tuple[SignatureView, ...]  # of this role at this gate, oldest first
    earlier: tuple[SignatureView, ...]  # of this role at earlier gates, oldest first
    requested: tuple[RequestedChange, ...]  # what this role asked to change here, and what came of it
    findings: tuple[FindingView, ...]  # checks that read what the role relies on
    conditions: tuple[ConditionView, ...]  # open ones up to this gate, and all of this role here
    evidence: tuple[EvidenceView, ...]
    decisions: tuple[Decision, ...]
    against_deciding: tuple[Blocker, ...]
    seen_digest: str  # pass it to decide or affirm
    seen: Mapping[str, str]  # key to content of what was shown
    signature: SignatureView | None  # what this review led to and still stands
    affirmation: str  # the sentence that affirming it signs
    against_affirming: tuple[Blocker, ...]
    against_withdrawing: tuple[Blocker, ...]

    @property
    def changed(self) -> tuple[ReliedOn, ...]:
        return tuple(item for item in self.relied_on if item.is_changed)

    def promises_of(self, decision: Decision) -> tuple[Promise, ...]:
        return tuple(item for item in self.promises if item.decision is decision)


# ---------------------------------------------------------------- all of a project


@dataclass(frozen=True, slots=True)
class ListedReview:
    """One request, with the people by their present names."""

    id: int
    gate: Gate
    role: Role
    act: Act
    state: str
    person: str
    requested_by: str
    requested_at: datetime
    due_on: date | None


def listed(session: Session, *, by: Actor, at: datetime, key: str) -> tuple[ListedReview, ...]:
    """Every review that was asked for in a project, newest first. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    names = all_names(session)
    rows = session.execute(
        select(Review).where(col(Review.project_id) == head.id).order_by(col(Review.id).desc())
    ).scalars()
    return tuple(
        ListedReview(
            id=row.id or 0,
            gate=Gate(row.gate),
            role=Role(row.role),
            act=Act(row.act),
            state=row.state,
            person=names.get(row.person_key, row.person_key),
            requested_by=names.get(row.requested_by, row.requested_by),
            requested_at=row.requested_at,
            due_on=row.due_on,
        )
        for row in rows
    )


# ---------------------------------------------------------------- one review


@by_its_guide
def view(session: Session, *, by: Actor, at: datetime, guide: Guide, review_id: int) -> ReviewView:
    """Raises NotFound for a review that does not exist or whose project this person may not read."""
    row, head = _readable(session, by, at, review_id)
    facts = known_facts(session, head.id, guide=guide, today=organisation_today(session, at))
    wording = Wording(facts, guide, all_names(session))
    held = delegations_to(session, by.key, today=facts.today, project_id=head.id)
    return _view(session, head, row, wording, by, held)


def project_of(session: Session, *, by: Actor, at: datetime, review_id: int) -> str | None:
    """The key of the project that a review is of; None where `view` would find nothing."""
    try:
        return _readable(session, by, at, review_id)[1].key
    except NotFound:
        return None


def _readable(session: Session, by: Actor, at: datetime, review_id: int) -> tuple[Review, ProjectHead]:
    row = session.get(Review, review_id)
    key = session.execute(
        select(col(Project.key)).where(col(Project.id) == (row.project_id if row else None))
    ).scalar_one_or_none()
    if row is None or key is None:
        raise NotFound(say("review"), review_id)
    try:
        return row, projects.head(session, key=key, by=by, at=at)
    except NotFound:
        raise NotFound(say("review"), review_id) from None


@by_its_guide
def seen_digest(session: Session, *, guide: Guide, review_id: int, at: datetime) -> str:
    """The digest of what a review covers now, for callers that draw no screen."""
    row = session.get(Review, review_id)
    if row is None:
        raise NotFound(say("review"), review_id)
    facts = known_facts(session, row.project_id, guide=guide, today=organisation_today(session, at))
    return digest_of(cover(facts, guide, Gate(row.gate), Role(row.role)))


def _view(
    session: Session,
    head: ProjectHead,
    row: Review,
    wording: Wording,
    by: Actor,
    held: tuple[DelegationFact, ...],
) -> ReviewView:
    facts, guide = wording.facts, wording.guide
    gate, role = Gate(row.gate), Role(row.role)
    fact = next(item for item in facts.reviews if item.id == row.id)
    standing_in = stands_in(facts, fact, by, held)
    behalf = standing_in.from_name if standing_in else ""
    roles = head.roles | ({role} if standing_in else set())
    signed = records.signatures(session, head.id, wording)
    last = _last_decision(signed, gate, role)
    covered = cover(facts, guide, gate, role)
    before = _covered(session, last)
    relied_on, source_changes = _compared(session, wording, gate, role, before)
    here = tuple(item for item in signed if (item.gate, item.role) == (gate, role))
    signature = next((item for item in here if item.is_current and item.review_id == row.id), None)
    conditions = _conditions(session, wording, head.id, gate, role)
    spec = guide.review(gate, role)
    meaning = spec.meaning if spec else ""
    return ReviewView(
        project=head,
        id=row.id or 0,
        gate=gate,
        role=role,
        act=fact.act,
        meaning=meaning,
        state=row.state,
        person_key=row.person_key,
        person=wording.person(row.person_key),
        requested_by=wording.person(row.requested_by),
        requested_at=row.requested_at,
        due_on=row.due_on,
        days_waiting=(facts.today - row.requested_at.date()).days,
        message=message_of(row),
        promises=_promises(by, fact, head.name, spec, behalf),
        enters_password=guide.reenters_password(gate, role, facts.tier),
        stands_in_for=behalf,
        handed_over_by=wording.person(row.handed_over_by) if row.handed_over_by else "",
        relied_on=relied_on,
        source_changes=source_changes,
        document_changes=tuple(
            _document_changes(facts, covered, before, is_here=last is not None and last.gate is gate)
        ),
        last_decision=last,
        signatures=here,
        earlier=tuple(item for item in signed if item.role is role and item.gate.order < gate.order),
        requested=tuple(
            item
            for item in requested_changes(session, head.id, wording)
            if (item.gate, item.role) == (gate, role)
        ),
        findings=_findings(facts, wording, gate, covered),
        conditions=conditions,
        evidence=_evidence(session, wording, head.id, gate, role),
        decisions=decisions_allowed(fact.act),
        against_deciding=(
            *_not_open(head),
            *(
                rules.may_decide_now(facts, guide, fact, by, held)
                or _not_permitted("reviews.decide", by, roles)
            ),
        ),
        seen_digest=digest_of(covered),
        seen={key: content for key, (_, content) in covered.items()},
        signature=signature,
        affirmation=_affirmation(by, head.name, signature, fact, conditions, spec),
        against_affirming=_against_affirming(wording, head, signature, fact, by, held),
        against_withdrawing=_against_withdrawing(wording, head, signature, fact, by),
    )


def _findings(
    facts: ProjectFacts, wording: Wording, gate: Gate, covered: Iterable[str]
) -> tuple[FindingView, ...]:
    """What the checks say of the answers: those that look at sign-offs would tell the reviewer of themselves."""
    found = touching(findings(evaluate(facts, wording.guide, gate), wording), covered)
    return tuple(item for item in found if AREAS_OF_CHECKS.get(item.check_id) is not Area.SIGN_OFFS)


def _promises(
    by: Actor, fact: ReviewFact, project: str, spec: ReviewSpec | None, on_behalf_of: str
) -> tuple[Promise, ...]:
    found: list[Promise] = []
    for decision in decisions_allowed(fact.act):
        offered: list[tuple[Meaning | None, str]] = [*rules.meanings_of(spec, decision).items()]
        found += [
            Promise(decision, stated, by.name, fact.role, fact.gate, project, meaning, on_behalf_of)
            for stated, meaning in offered or [(None, "")]
        ]
    return tuple(found)


def _affirmation(
    by: Actor,
    project: str,
    signature: SignatureView | None,
    fact: ReviewFact,
    conditions: Iterable[ConditionView],
    spec: ReviewSpec | None,
) -> str:
    if signature is None:
        return ""
    offered = rules.meanings_of(spec, signature.decision)
    stated = signature.stated if signature.stated in offered else next(iter(offered), None)
    owed = [item for item in conditions if (item.sign_off_id, item.state) == (signature.id, "open")]
    is_taken_over = by.key == fact.person_key != signature.person_key
    return rules.statement(
        name=by.name,
        role=signature.role,
        gate=signature.gate,
        project=project,
        meaning=offered[stated] if stated else "",
        decision=signature.decision,
        on_behalf_of="" if is_taken_over else signature.on_behalf_of,
        conditions=len(owed),
    )


def _last_decision(signed: Iterable[SignatureView], gate: Gate, role: Role) -> SignatureView | None:
    """The newest of the role at this gate, taken back or not; else of the role at an earlier gate."""
    made = [
        item
        for item in signed
        if item.role is role and item.decision is not Decision.WITHDRAWN and item.gate.order <= gate.order
    ]
    return max(made, key=lambda item: (item.gate is gate, item.at, item.id), default=None)


def _not_permitted(action: str, by: Actor, roles: Collection[Role]) -> tuple[Blocker, ...]:
    sentence = refusal(action, by, roles)
    return (Blocker("not_permitted", sentence),) if sentence else ()


def _not_open(head: ProjectHead) -> tuple[Blocker, ...]:
    if head.archived_at is not None:
        return (Blocker("project:archived", say("This project is archived. Restore it before changing it.")),)
    return ()


def _against_affirming(
    wording: Wording,
    head: ProjectHead,
    signature: SignatureView | None,
    review: ReviewFact,
    by: Actor,
    held: tuple[DelegationFact, ...],
) -> tuple[Blocker, ...]:
    if signature is None:
        return (Blocker("no_decision", say("There is no decision to affirm.")),)
    fact = next(item for item in wording.facts.sign_offs if item.id == signature.id)
    return (*_not_open(head), *rules.may_affirm(wording.facts, wording.guide, fact, review, by, held))


def _against_withdrawing(
    wording: Wording, head: ProjectHead, signature: SignatureView | None, review: ReviewFact, by: Actor
) -> tuple[Blocker, ...]:
    if signature is None:
        return (Blocker("no_decision", say("There is no decision to take back.")),)
    fact = next(item for item in wording.facts.sign_offs if item.id == signature.id)
    return (*_not_open(head), *rules.may_withdraw(wording.facts, wording.guide, fact, review, by))


def _conditions(
    session: Session, wording: Wording, project_id: int, gate: Gate, role: Role
) -> tuple[ConditionView, ...]:
    return tuple(
        item
        for item in records.conditions(session, project_id, wording)
        if (item.state == "open" and item.gate.order <= gate.order)
        or (item.gate is gate and item.role is role)
    )


def _evidence(
    session: Session, wording: Wording, project_id: int, gate: Gate, role: Role
) -> tuple[EvidenceView, ...]:
    found = records.evidence(session, project_id, wording)
    return records.relied_on_evidence(found, wording.guide, gate, role)


# ---------------------------------------------------------------- what changed


def _compared(
    session: Session, wording: Wording, gate: Gate, role: Role, before: Mapping[str, tuple[int, str]]
) -> tuple[tuple[ReliedOn, ...], tuple[str, ...]]:
    """Every relied-on answer beside what it was at the last decision, and how the data sources changed."""
    facts, guide = wording.facts, wording.guide
    of_answers = (row_id for key, (row_id, _) in before.items() if key.partition("@")[0] != EVIDENCE)
    rows = _answers(session, [answer_id for answer_id in of_answers if answer_id])
    relied_on = tuple(
        _relied_on(key, fact, before.get(key), rows, wording)
        for key, fact in facts.content_keys(guide.relied_on(gate, role))
    )
    has_sources = any(guide.field(item).is_of_source for item in guide.relied_on(gate, role))
    return relied_on, tuple(_source_changes(facts, before)) if before and has_sources else ()


def _covered(session: Session, last: SignatureView | None) -> dict[str, tuple[int, str]]:
    if last is None:
        return {}
    stored = session.execute(select(col(SignOff.covered)).where(col(SignOff.id) == last.id)).scalar_one()
    return {key: (int(answer_id), str(content)) for key, (answer_id, content) in json.loads(stored).items()}


def _answers(session: Session, ids: list[int]) -> dict[int, Answer]:
    rows = session.execute(select(Answer).where(col(Answer.id).in_(ids))).scalars()
    return {row.id or 0: row for row in rows}


def _relied_on(
    key: str,
    fact: AnswerFact | None,
    covered: tuple[int, str] | None,
    rows: Mapping[int, Answer],
    wording: Wording,
) -> ReliedOn:
    """`covered` is the answer and the content that the last decision covered; None: it did not cover this."""
    field_id, is_open = key.partition("@")[0], fact is None
    place, now = wording.place(key), wording.answer(field_id, fact)
    if covered is None:
        return ReliedOn(place, now, None, is_changed=False, is_open=is_open)
    row = rows.get(covered[0])
    then = wording.earlier(row) if row else None
    changed = covered[1] != (fact.content if fact else "")
    lines = differences(wording.rows(field_id, then), wording.rows(field_id, fact)) if changed else ()
    return ReliedOn(place, now, wording.answer(field_id, then), changed, is_open, lines)


def _document_changes(
    facts: ProjectFacts,
    covered: Mapping[str, tuple[int, str]],
    before: Mapping[str, tuple[int, str]],
    *,
    is_here: bool,
) -> Iterator[str]:
    """Documents that came, went or have other content since; beside a decision at an earlier gate, the last alone.

    What one gate asks for and another does not says nothing about a change.
    """
    if EVIDENCE not in before:  # made before there were files
        return
    keys = (
        dict.fromkeys((*covered, *before))
        if is_here
        else dict.fromkeys(key for key in covered if key in before)
    )
    for key in keys:
        now, then = covered.get(key, (0, ""))[1], before.get(key, (0, ""))[1]
        if key.partition("@")[0] == EVIDENCE and now != then:
            yield changed_evidence(facts, key, was_there=key in before)


def _source_changes(facts: ProjectFacts, before: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    covered = {key for key in before if key.startswith(f"{SOURCE}@")}
    now = {f"{SOURCE}@{source.id}": source.name for source in facts.sources}
    for key, name in now.items():
        if key not in covered:
            yield say("The data source “{name}” was added.", name=name)
    gone = len(covered - set(now))
    if gone:
        yield say_count("A data source was removed.", "{number} data sources were removed.", gone)
