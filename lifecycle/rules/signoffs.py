"""What a sign-off covers, when it is stale, what stands for it now, and who may decide.

A sign-off is bound to the content of every field and document that its role relies on at its gate. It is stale
while that content differs from now or while an invalidation is open; the old content back makes it valid again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lifecycle.canonical import digest
from lifecycle.guide import Guide, ReviewSpec
from lifecycle.language import say, say_count
from lifecycle.rules.dates import months_after
from lifecycle.rules.evidence import (
    EVIDENCE,
    changed_at,
    changed_evidence,
    content_of,
    covered_evidence,
    evidence_key,
    evidence_of,
    is_relied_on,
)
from lifecycle.rules.project_facts import DelegationFact, ProjectFacts, ReviewFact, SignOffFact
from lifecycle.rules.retold import retold
from lifecycle.vocabulary import (
    Act,
    Actor,
    AnswerState,
    Blocker,
    Decision,
    Gate,
    Person,
    ProjectStatus,
    Role,
    SignOffStatus,
)

Cover = Mapping[str, tuple[int, str]]

SOURCE = "source"
_THERE = digest("there")
_STOPPED, _RETIRED = ProjectStatus.STOPPED, ProjectStatus.RETIRED
_VALID = (SignOffStatus.SIGNED, SignOffStatus.CONDITIONAL)
_ALLOWED: Mapping[Act, tuple[Decision, ...]] = {
    Act.APPROVE: (
        Decision.APPROVED,
        Decision.APPROVED_WITH_CONDITIONS,
        Decision.CHANGES_REQUESTED,
        Decision.REJECTED,
    ),
    Act.ACKNOWLEDGE: (Decision.ACKNOWLEDGED, Decision.CHANGES_REQUESTED),
    Act.CONSULT: (Decision.OPINION,),
}


# ---------------------------------------------------------------- what it covers


def cover(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> dict[str, tuple[int, str]]:
    """Id and content digest of every answer and document `role` relies on at `gate`; an open question is (0, "").

    A role that relies on fields of data sources also relies on which sources there are, whatever their names. The
    key `evidence` alone says that documents are covered at all: sign-offs from before there were files lack it.
    """
    relied_on = guide.relied_on(gate, role)
    covered = {
        key: (fact.answer_id, fact.content) if fact else (0, "")
        for key, fact in facts.content_keys(relied_on)
    }
    if any(guide.field(field_id).is_of_source for field_id in relied_on):
        covered |= {f"{SOURCE}@{source.id}": (0, _THERE) for source in facts.sources}
    covered[EVIDENCE] = (0, _THERE)
    for document in covered_evidence(facts, guide, gate, role):
        covered[evidence_key(document.id)] = (document.revision_id, content_of(facts, document))
    return covered


def covers_evidence(sign_off: SignOffFact) -> bool:
    """Whether documents count for it: one made before there were files covered none, whatever is added later."""
    return EVIDENCE in sign_off.covered


def digest_of(covered: Cover) -> str:
    """One digest over the contents; ids of answers do not count, so that restored content gives it again."""
    return digest({key: content for key, (_, content) in covered.items() if content})


# ---------------------------------------------------------------- staleness


def stale_keys(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> tuple[str, ...]:
    """Keys whose content differs from what was signed, sources that came or went included, in guide order."""
    now = {key: content for key, (_, content) in cover(facts, guide, sign_off.gate, sign_off.role).items()}
    keys = dict.fromkeys((*now, *sign_off.covered))
    if not covers_evidence(sign_off):
        keys = {key: None for key in keys if key.partition("@")[0] != EVIDENCE}
    return tuple(key for key in keys if now.get(key, "") != sign_off.covered.get(key, ""))


def is_stale(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> bool:
    return (
        bool(sign_off.invalidations)
        or has_lapsed(facts, guide, sign_off)
        or bool(stale_keys(facts, guide, sign_off))
    )


def valid_through(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> date | None:
    """The last day on which an approval is good, whatever its content; None: it does not end by time.

    A later approval of the same role, here or at a later gate, renews it; where several people have to approve,
    only one's own does. What has ended (a stopped or retired project) needs no renewal.
    """
    months = guide.reapproval_months(sign_off.gate, sign_off.role, facts.tier)
    if months is None or not _is_approval(sign_off) or facts.status in (_STOPPED, _RETIRED):
        return None
    alone = guide.approvals_needed(sign_off.gate, sign_off.role, facts.tier) == 1
    newest = max(
        (
            other
            for other in facts.sign_offs
            if other.role is sign_off.role
            and other.gate.order >= sign_off.gate.order
            and _is_approval(other)
            and (alone or other.person_key == sign_off.person_key)
        ),
        key=lambda other: (other.at, other.id),
        default=sign_off,
    )
    return months_after(newest.signed_on or newest.at.date(), months)


def _is_approval(sign_off: SignOffFact) -> bool:
    return sign_off.act is Act.APPROVE and sign_off.decision.is_favourable


def has_lapsed(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> bool:
    last = valid_through(facts, guide, sign_off)
    return last is not None and last < facts.today


def reapproval_due(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> date | None:
    """The last good day of an approval that ends within the time of notice or has ended; None: not yet."""
    last = valid_through(facts, guide, sign_off)
    notice = timedelta(days=guide.policy.reapproval_notice_days)
    return last if last is not None and last - notice <= facts.today else None


def has_lost_ground(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> bool:
    """Whether a favourable decision has to be given again: it is stale, and nothing later makes up for it.

    At a gate that was passed, a later decision of the same role that covers each change as it is now does.
    """
    if not is_stale(facts, guide, sign_off):
        return False
    if sign_off.gate not in facts.passed_gates or sign_off.invalidations:
        return True
    return has_lapsed(facts, guide, sign_off) or bool(unseen_keys(facts, guide, sign_off))


def staleness(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> tuple[str, ...]:
    """Why a sign-off is stale, one sentence per cause; empty while it holds."""
    known = {source.id: source.name for source in facts.sources}
    gone: set[str] = set()
    reasons = [retold(text) for text in sign_off.invalidations]
    for key in stale_keys(facts, guide, sign_off):
        name, _, source = key.partition("@")
        if name == EVIDENCE:
            reasons.append(changed_evidence(facts, key, was_there=key in sign_off.covered))
        elif source and int(source) not in known:
            gone.add(source)
        elif name == SOURCE:
            reasons.append(say("The data source “{source}” was added.", source=known[int(source)]))
        else:
            reasons.append(_changed(facts, guide, key))
    if gone:
        reasons.append(
            say_count("A data source was removed.", "{number} data sources were removed.", len(gone))
        )
    if has_lapsed(facts, guide, sign_off):
        reasons.append(_lapsed(facts, guide, sign_off))
    return tuple(reasons)


def _lapsed(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> str:
    months = guide.reapproval_months(sign_off.gate, sign_off.role, facts.tier)
    last = valid_through(facts, guide, sign_off)
    return say(
        "It was good for {months} months, until {last}.", months=months, last=last.isoformat() if last else ""
    )


def _changed(facts: ProjectFacts, guide: Guide, key: str) -> str:
    if key.partition("@")[0] not in guide.fields:
        return say("{key} is no longer asked.", key=key)
    return say("{what} changed.", what=key_title(facts, guide, key))


def key_title(facts: ProjectFacts, guide: Guide, key: str) -> str:
    """A content key in words: "How far ahead it looks (D14)", "Origin (X03) of Vendor feed"."""
    field_id, _, source_id = key.partition("@")
    if field_id == EVIDENCE:
        document = evidence_of(facts, key)
        return (
            say("the document “{document}”", document=document.title)
            if document
            else say("a document, now removed,")
        )
    field = guide.fields.get(field_id)
    title = f"{field.title} ({field_id})" if field else field_id
    if not source_id:
        return title
    name = next((source.name for source in facts.sources if str(source.id) == source_id), "")
    return say("{question} of {source}", question=title, source=name or say("a removed source"))


# ---------------------------------------------------------------- what stands now


@dataclass(frozen=True, slots=True)
class SignOffState:
    """What the sign-off of one role at one gate amounts to now, and since when."""

    gate: Gate
    role: Role
    status: SignOffStatus
    since: datetime | None
    sign_off: SignOffFact | None = None
    review: ReviewFact | None = None  # the newest open request
    is_stale: bool = False
    given: int = 0  # by how many different people, valid now
    needed: int = 1

    @property
    def is_valid(self) -> bool:
        """Lets the gate go on."""
        return self.status in _VALID


def current_sign_off(facts: ProjectFacts, gate: Gate, role: Role) -> SignOffFact | None:
    """The newest decision of a role at a gate that was not withdrawn."""
    made = (fact for fact in facts.sign_offs if fact.gate is gate and fact.role is role)
    return max(made, key=lambda fact: (fact.at, fact.id), default=None)


def current_sign_offs(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> tuple[SignOffFact, ...]:
    """The decisions that count: the newest, or where several people have to approve the newest of each.

    A decision belongs to the person who was asked, so what somebody signed for them is replaced by their own.
    """
    if guide.approvals_needed(gate, role, facts.tier) == 1:
        newest = current_sign_off(facts, gate, role)
        return (newest,) if newest else ()
    asked = {review.id: review.person_key for review in facts.reviews}
    made = sorted(
        (fact for fact in facts.sign_offs if fact.gate is gate and fact.role is role),
        key=lambda fact: (fact.at, fact.id),
    )
    return tuple({asked.get(fact.review_id, fact.person_key): fact for fact in made}.values())


def counting_sign_offs(facts: ProjectFacts, guide: Guide) -> tuple[SignOffFact, ...]:
    """As `current_sign_offs`, of every role at every gate, in the order in which each place was first signed."""
    places = dict.fromkeys((fact.gate, fact.role) for fact in facts.sign_offs)
    return tuple(fact for gate, role in places for fact in current_sign_offs(facts, guide, gate, role))


def open_review(facts: ProjectFacts, gate: Gate, role: Role) -> ReviewFact | None:
    asked = (
        fact for fact in facts.reviews if fact.gate is gate and fact.role is role and fact.state == "open"
    )
    return max(asked, key=lambda fact: (fact.requested_at, fact.id), default=None)


def sign_off_status(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> SignOffState:
    """The state of one role's sign-off. A decision that no longer helps gives way to a newer open request.

    `since` is when it was asked, decided, or when the first relied-on answer changed; None when never asked.
    """
    needed = guide.approvals_needed(gate, role, facts.tier)
    if needed > 1:
        return _status_of_several(facts, guide, gate, role, needed)
    made, asked = current_sign_off(facts, gate, role), open_review(facts, gate, role)
    stale = made is not None and made.decision.is_favourable and has_lost_ground(facts, guide, made)
    if made is None or (
        asked and asked.requested_at > made.at and (stale or not made.decision.is_favourable)
    ):
        status, since = _unsigned(facts, gate, role, made, asked)
        return SignOffState(gate, role, status, since, made, asked, stale)
    if stale:
        since = _stale_since(facts, guide, made)
        return SignOffState(gate, role, SignOffStatus.STALE, since, made, asked, stale)
    status = _status_of(facts, made)
    return SignOffState(gate, role, status, made.at, made, asked, given=int(status in _VALID))


def _status_of_several(
    facts: ProjectFacts, guide: Guide, gate: Gate, role: Role, needed: int
) -> SignOffState:
    """Enough valid decisions of different people make it signed; a refusal of any one of them stands against it."""
    counted = current_sign_offs(facts, guide, gate, role)
    asked = open_review(facts, gate, role)
    stale = [fact for fact in counted if fact.decision.is_favourable and has_lost_ground(facts, guide, fact)]
    valid = [fact for fact in counted if fact.decision.is_favourable and fact not in stale]
    against = [
        fact
        for fact in counted
        if not fact.decision.is_favourable and not _was_asked_since(facts, fact, gate, role)
    ]
    given = len({fact.person_key for fact in valid})
    since: datetime | None
    made: SignOffFact | None
    if against:
        made = against[-1]
        status, since = _status_of(facts, made), made.at
    elif given >= needed:
        statuses = [_status_of(facts, fact) for fact in valid]
        made = valid[-1]
        status = SignOffStatus.CONDITIONAL if SignOffStatus.CONDITIONAL in statuses else SignOffStatus.SIGNED
        since = made.at
    elif stale:
        made, status = stale[0], SignOffStatus.STALE
        since = min(_stale_since(facts, guide, fact) for fact in stale)
    else:
        made = counted[-1] if counted else None
        status, since = _unsigned(facts, gate, role, made, asked)
    return SignOffState(gate, role, status, since, made, asked, bool(stale), min(given, needed), needed)


def _unsigned(
    facts: ProjectFacts, gate: Gate, role: Role, made: SignOffFact | None, asked: ReviewFact | None
) -> tuple[SignOffStatus, datetime | None]:
    """Where nothing that counts was decided: what is said then, and since when."""
    if asked:
        return SignOffStatus.WAITING, asked.requested_at
    elsewhere = facts.elsewhere.get((gate, role))
    if made is None and elsewhere:
        return SignOffStatus.ELSEWHERE, elsewhere
    return SignOffStatus.NOT_ASKED, None


def _was_asked_since(facts: ProjectFacts, made: SignOffFact, gate: Gate, role: Role) -> bool:
    return any(
        review.state == "open"
        and (review.gate, review.role) == (gate, role)
        and review.requested_at > made.at
        for review in facts.reviews
    )


def _status_of(facts: ProjectFacts, made: SignOffFact) -> SignOffStatus:
    if made.decision is Decision.REJECTED:
        return SignOffStatus.REJECTED
    if made.decision is Decision.CHANGES_REQUESTED:
        return SignOffStatus.CHANGES_REQUESTED
    owed = made.decision is Decision.APPROVED_WITH_CONDITIONS and any(
        condition.state == "open" and condition.gate is made.gate and condition.role is made.role
        for condition in facts.conditions
    )
    return SignOffStatus.CONDITIONAL if owed else SignOffStatus.SIGNED


def _stale_since(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> datetime:
    """When the first of the changed answers or documents changed; the sign-off's own time where none tells."""
    moments = [at for at in _changes(facts, guide, sign_off) if at is not None]
    last = valid_through(facts, guide, sign_off)
    if last is not None and last < facts.today:
        moments.append(datetime.combine(last + timedelta(days=1), time(), UTC))
    return min(moments, default=sign_off.at)


def _changes(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> Iterator[datetime | None]:
    answers = dict(facts.content_keys(guide.relied_on(sign_off.gate, sign_off.role)))
    for key in stale_keys(facts, guide, sign_off):
        fact = answers.get(key)
        yield changed_at(facts, key) if key.partition("@")[0] == EVIDENCE else fact.at if fact else None


def resting_unrecorded(
    facts: ProjectFacts,
    guide: Guide,
    *,
    field_id: str | None,
    source_id: int,
    gate: Gate | None,
    added_at: datetime,
) -> tuple[SignOffFact, ...]:
    """The standing favourable decisions that cover no documents but were made while this one was there.

    They are from before there were files. What happens to the document is written down for them, once.
    """
    return tuple(
        fact
        for fact in counting_sign_offs(facts, guide)
        if fact.at >= added_at
        and fact.decision.is_favourable
        and not covers_evidence(fact)
        and is_relied_on(guide, fact.gate, fact.role, field_id=field_id, source_id=source_id, at_gate=gate)
    )


def stale_sign_offs(facts: ProjectFacts, guide: Guide) -> tuple[SignOffFact, ...]:
    """The standing favourable decisions whose ground has gone, oldest gate first; opinions bind nobody."""
    gone = (
        fact
        for fact in _binding(facts, guide)
        if fact.invalidations or has_lapsed(facts, guide, fact) or unseen_keys(facts, guide, fact)
    )
    return tuple(sorted(gone, key=lambda fact: (fact.gate.order, fact.at)))


def approvals_due(facts: ProjectFacts, guide: Guide) -> tuple[SignOffFact, ...]:
    """The approvals that still hold and end within the time of notice, the first to end first.

    Of one person in one role only that at the latest gate: giving that one again renews those before.
    """
    latest: dict[tuple[Role, str], SignOffFact] = {}
    for fact in sorted(_binding(facts, guide), key=lambda item: (item.gate.order, item.at)):
        if reapproval_due(facts, guide, fact) and not is_stale(facts, guide, fact):
            latest[fact.role, fact.person_key] = fact
    return tuple(sorted(latest.values(), key=lambda fact: valid_through(facts, guide, fact) or facts.today))


def unseen_keys(facts: ProjectFacts, guide: Guide, sign_off: SignOffFact) -> tuple[str, ...]:
    """Changed keys that no later decision of the same role covers as they are now.

    Where several people have to approve, only one's own later decision counts.
    """
    alone = guide.approvals_needed(sign_off.gate, sign_off.role, facts.tier) == 1
    seen: set[str] = set()
    for later in _binding(facts, guide):
        if later.role is not sign_off.role or later.at <= sign_off.at:
            continue
        if alone or later.person_key == sign_off.person_key:
            seen |= later.covered.keys() - set(stale_keys(facts, guide, later))
    return tuple(key for key in stale_keys(facts, guide, sign_off) if key not in seen)


def _binding(facts: ProjectFacts, guide: Guide) -> list[SignOffFact]:
    """The decisions that count, where favourable and no mere opinion."""
    return [
        fact
        for fact in counting_sign_offs(facts, guide)
        if fact.decision.is_favourable and fact.act is not Act.CONSULT
    ]


# ---------------------------------------------------------------- what is required


def required_reviews(facts: ProjectFacts, guide: Guide, gate: Gate) -> tuple[ReviewSpec, ...]:
    """The reviews without which the gate cannot go on: the tier's, without consultations.

    One that only attests again is required while an earlier sign-off of that role is stale.
    """
    return tuple(
        spec
        for spec in guide.reviews(gate, tier=facts.tier)
        if spec.act is not Act.CONSULT
        and (not spec.only_when_stale or _has_earlier_stale(facts, guide, gate, spec.role))
    )


def _has_earlier_stale(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> bool:
    return any(
        fact.decision.is_favourable and is_stale(facts, guide, fact)
        for before in Gate
        if before.order < gate.order
        for fact in current_sign_offs(facts, guide, before, role)
    )


# ---------------------------------------------------------------- who may decide


def decisions_allowed(act: Act) -> tuple[Decision, ...]:
    """What a review of this kind may end in; withdrawing is a row of its own, later."""
    return _ALLOWED[act]


def may_decide(
    facts: ProjectFacts, review: ReviewFact, actor: Actor, delegations: Iterable[DelegationFact] = ()
) -> tuple[Blocker, ...]:
    """Why `actor` may not decide this review; empty when they may.

    P2: it is closed. P1: somebody else was named, and `actor` does not stand in for them today. P5: they own or
    asked for the work, or built the model. `delegations` are those to `actor` that reach this project.
    """
    if review.state != "open":
        text = (
            say("This review is already withdrawn. Ask for a new one to decide again.")
            if review.state == "withdrawn"
            else say("This review is already decided. Ask for a new one to decide again.")
        )
        return (_no(review, "closed", text),)
    if not actor.is_person or (
        review.person_key != actor.key and stands_in(facts, review, actor, delegations) is None
    ):
        return (_no(review, "not_named", _who_can(facts, review, actor, delegations)),)
    return tuple(_own_work(facts, review, actor))


def stands_in(
    facts: ProjectFacts, review: ReviewFact, actor: Actor, delegations: Iterable[DelegationFact]
) -> DelegationFact | None:
    """The delegation by which `actor` may decide in place of the person named, today; None: there is none.

    A review that was handed over once is not passed on again.
    """
    if review.person_key == actor.key or review.handed_over_by is not None:
        return None
    return next(
        (
            fact
            for fact in delegations
            if (fact.from_key, fact.to_key, fact.role) == (review.person_key, actor.key, review.role)
            and fact.is_in_force(facts.today)
        ),
        None,
    )


def _who_can(
    facts: ProjectFacts, review: ReviewFact, actor: Actor, delegations: Iterable[DelegationFact]
) -> str:
    named = next((member.name for member in facts.members if member.person_key == review.person_key), "")
    sentence = say(
        "Only {person} can decide this review for {role}.",
        person=named or say("the person named in it"),
        role=review.role.title,
    )
    for fact in delegations:
        if (fact.from_key, fact.to_key, fact.role) != (review.person_key, actor.key, review.role):
            continue
        if review.handed_over_by is not None:
            return say("{sentence} It was handed over to them and is not passed on again.", sentence=sentence)
        return say(
            "{sentence} You stand in for them from {first} to {last}.",
            sentence=sentence,
            first=fact.starts_on.isoformat(),
            last=fact.ends_on.isoformat(),
        )
    return say("{sentence} The product manager can ask somebody else.", sentence=sentence)


def _own_work(facts: ProjectFacts, review: ReviewFact, actor: Actor) -> Iterator[Blocker]:
    if is_product_manager(facts, actor.key):
        yield _no(
            review,
            "own_work:product_manager",
            say(
                "You are this project's product manager and cannot approve your own work. Ask another reviewer."
            ),
        )
    if review.requested_by == actor.key:
        yield _no(
            review,
            "own_work:requester",
            say(
                "You asked for this review and cannot decide it yourself. Somebody else must ask, or decide."
            ),
        )
    if must_be_outside(review.role) and is_developer(facts, actor):
        text = (
            say(
                "You are a developer of this model (M15) and cannot validate it. "
                "Ask an independent validator."
            )
            if review.role is Role.VALIDATION
            else say(
                "You are a developer of this model (M15) and cannot approve it. Ask an independent approver."
            )
        )
        yield _no(review, "own_work:developer", text, fields=("M15",))


def must_be_outside(role: Role) -> bool:
    """Whether nobody who built the model may decide in this role."""
    return role in (Role.VALIDATION, Role.APPROVER)


def is_product_manager(facts: ProjectFacts, person_key: str) -> bool:
    return any(
        member.person_key == person_key and member.role is Role.PRODUCT_MANAGER for member in facts.members
    )


def is_developer(facts: ProjectFacts, actor: Actor) -> bool:
    """Whether M15 names this person, by key or only by name, among the developers."""
    answer = facts.answer("M15")
    if answer is None or answer.state is not AnswerState.ANSWERED:
        return False
    person = Person(actor.key, actor.name)
    return any(
        row.get("part") == "developer" and row.get("person") is not None and person.is_same(row["person"])
        for row in answer.value or ()
    )


def _no(review: ReviewFact, code: str, text: str, fields: tuple[str, ...] = ()) -> Blocker:
    return Blocker(code, text, fields=fields, role=review.role, gate=review.gate)
