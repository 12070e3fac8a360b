"""What is added to the guide on screen: versions, who saved first, and a role of one's own that signs like the six."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlmodel import Session

from lifecycle.actions import own_guides, people, projects
from lifecycle.errors import Conflict, Forbidden, Invalid, Refused
from lifecycle.facts.own_guides import in_force, kept_own, misfit
from lifecycle.guide import Guide
from lifecycle.own_guide import (
    OwnAsk,
    OwnGuide,
    OwnQuestion,
    OwnRole,
    with_question,
    with_role,
    with_threshold,
)
from lifecycle.queries import gates as gate_queries
from lifecycle.rules.signoffs import required_reviews
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Gate, Role, SignOffStatus, call_own_roles, reviewers, roles_here
from tests import factories as make
from tests.clock import START
from tests.factories import Cast

EMPTY = OwnGuide(version="0", prefix="OWN")
COUNCIL = OwnRole(
    id=Role.OWN_1,
    title="Works council",
    asked={Gate.DISCOVERY: OwnAsk(meaning="agrees on behalf of the staff", rests_on=("D01",))},
)
COST_CENTRE = OwnQuestion(
    {
        "id": "OWN1",
        "stage": "discovery",
        "section": "problem",
        "title": "Cost centre",
        "question": "Which?",
        "type": "text",
    }
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened
    call_own_roles({}, ())


@pytest.fixture
def cast(session: Session) -> Cast:
    return make.cast(session)


def save(session: Session, cast: Cast, own: OwnGuide, base: int = 0, by: Actor | None = None) -> Guide:
    own_guides.save(session, by=by or cast.ada, at=START, shipped=cast.guide, own=own, base=base)
    return in_force(session, cast.guide)


def section(cast: Cast) -> OwnQuestion:
    first = cast.guide.worksheets[0].sections[0].id
    return OwnQuestion({**COST_CENTRE.field, "section": first})


def test_number_goes_up_once_a_project_goes_by_the_version_and_never_for_wording(
    session: Session, cast: Cast
) -> None:
    own = with_threshold(EMPTY, "actionable_share", Decimal("0.6"))
    first = save(session, cast, own)
    own = with_question(own, section(cast))
    second = save(session, cast, own, base=1)
    assert (first.version, second.version) == (f"{cast.guide.version}+s1", f"{cast.guide.version}+s1")

    projects.register(session, by=cast.pat, at=START, guide=second, name="Parcels")
    helped = with_question(own, OwnQuestion({**section(cast).field, "help": "As finance writes it"}))
    assert save(session, cast, helped, base=2).version == second.version
    assert save(session, cast, EMPTY, base=3) is cast.guide
    again = save(session, cast, own, base=4)
    assert again.version == f"{cast.guide.version}+s3", "no word for two different contents"


def test_second_to_save_is_told_and_a_mistake_is_placed(session: Session, cast: Cast) -> None:
    save(session, cast, with_threshold(EMPTY, "actionable_share", Decimal("0.6")))
    with pytest.raises(Conflict):
        save(session, cast, EMPTY, base=0)
    with pytest.raises(Invalid, match="no section of discovery"):
        save(
            session,
            cast,
            with_question(EMPTY, OwnQuestion({**COST_CENTRE.field, "section": "nowhere"})),
            base=1,
        )
    with pytest.raises(Forbidden):
        save(session, cast, EMPTY, base=1, by=cast.pat)
    assert kept_own(session).revision == 1


def test_files_that_no_longer_fit_count_alone(session: Session, cast: Cast) -> None:
    save(session, cast, with_threshold(EMPTY, "actionable_share", Decimal("0.6")))
    thresholds = {name: value for name, value in cast.guide.thresholds.items() if name != "actionable_share"}
    later = cast.guide.model_copy(update={"thresholds": thresholds})
    assert in_force(session, later) is later
    assert misfit(session, later) == "thresholds › actionable_share: is no threshold of the guide."


def test_own_role_signs_as_the_six_do(session: Session, cast: Cast) -> None:
    guide = save(session, cast, with_role(EMPTY, COUNCIL))
    assert (reviewers()[-1].title, Role.OWN_2 in roles_here()) == ("Works council", False)
    ours = make.replaced(cast, guide)
    project_id = make.project(session, ours, "Shifts")
    old_id = make.project(session, cast, "Before")
    facts = make.facts_of(session, ours, project_id)
    assert Role.OWN_1 in {spec.role for spec in required_reviews(facts, guide, Gate.DISCOVERY)}
    assert Role.OWN_1 not in {
        spec.role
        for spec in required_reviews(make.facts_of(session, cast, old_id), cast.guide, Gate.DISCOVERY)
    }

    # Only who is on the list for it can be asked, and only they can decide.
    with pytest.raises(Refused, match="not on the list for Works council"):
        make.ask(session, ours, project_id, Gate.DISCOVERY, Role.OWN_1, person_key=cast.olu.key)
    people.make_eligible(session, by=cast.ada, at=START, person_key=cast.olu.key, role=Role.OWN_1)
    make.answer(session, ours, project_id, "D01", "Shifts are planned by hand")
    review_id = make.ask(session, ours, project_id, Gate.DISCOVERY, Role.OWN_1, person_key=cast.olu.key)
    make.decide(session, ours, review_id, by=cast.olu)

    def shown() -> SignOffStatus:
        view = gate_queries.view(
            session, by=cast.pat, at=START, guide=guide, key="shifts", gate=Gate.DISCOVERY
        )
        return next(role.status for role in view.roles if role.role is Role.OWN_1)

    assert shown() is SignOffStatus.SIGNED
    make.answer(session, ours, project_id, "D01", "Shifts are planned by nobody")
    assert shown() is SignOffStatus.STALE


@pytest.mark.parametrize(
    ("from_tier", "tiers"), [(1, {None, 1, 2, 3, 4}), (2, {None, 2, 3, 4}), (4, {None, 4})]
)
def test_own_role_is_asked_from_its_tier_on(
    session: Session, cast: Cast, from_tier: int, tiers: set[int | None]
) -> None:
    asked = {Gate.DISCOVERY: COUNCIL.asked[Gate.DISCOVERY].model_copy(update={"from_tier": from_tier})}
    guide = save(session, cast, with_role(EMPTY, COUNCIL.model_copy(update={"asked": asked})))
    found = {
        tier
        for tier in (None, 1, 2, 3, 4)
        if Role.OWN_1 in {spec.role for spec in guide.reviews(Gate.DISCOVERY, tier=tier)}
    }
    assert found == tiers
