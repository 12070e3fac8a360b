"""The whole table of permissions, written out by hand: every action, every role, on one's own project and another.

Each line names a class of actions, who may of the organisation and who may by a role on the project. The table of the
product is not read to make this one: an action without a line here fails the first test.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest

from lifecycle.rules.permissions import PERMISSIONS, may, refusal
from lifecycle.vocabulary import COMMAND_LINE, SYSTEM, Actor, OrganisationRole, Role, Scope, TokenGrant

# role letters: organisation A administrator, L leadership, M member
# project: b t p l c v the six reviewers, a approver, m product manager, k contributor, o monitor owner, r reader,
# 1 2 3 4 the organisation's own, which may what the six may
LETTERS = dict(zip("btplcvamkor1234", Role, strict=True))
ORGANISATION = dict(zip("ALM", OrganisationRole, strict=True))
SIGNERS, ALL = "btplcva1234", "btplcvamkor1234"
ON_IT = "btplcvamko1234"

# actions: organisation, project, command line, system
MATRIX: dict[str, tuple[str, str, bool, bool]] = {
    # everybody of the organisation
    """people.read people.rename people.sign_out_everywhere projects.create projects.import_document tokens.create
    tokens.revoke""": (
        "ALM",
        "",
        True,
        False,
    ),
    """people.change_password people.choose_language delegations.give delegations.end deliveries.choose
    filters.save filters.rename filters.delete""": ("ALM", "", False, False),
    # administration
    """people.invite people.revoke_invitation people.make_reset_link people.set_organisation_role
    people.set_approval_level people.make_eligible people.end_eligibility people.deactivate people.reactivate
    organisation.read_audit organisation.edit_settings organisation.edit_guide own_guides.save organisation.load_example
    organisation.backup imports.run imports.undo imports.resolve imports.save_mapping imports.rename_mapping
    imports.remove_mapping plans.set_holidays delegations.read_all
    tokens.read_all deliveries.read deliveries.add_channel deliveries.switch_channel deliveries.remove_channel
    deliveries.replay deliveries.send_test""": (
        "A",
        "",
        True,
        False,
    ),
    "people.erase": ("A", "", False, False),
    "portfolio.read_all": ("AL", "", True, False),
    # reading a project
    "projects.read projects.export projects.copy": ("AL", ALL, True, False),
    # managing a project
    """projects.edit projects.set_status reviews.request reviews.cancel plans.set_date plans.set_dates plans.clear_date
    monitors.retire""": ("", "m", False, False),
    """people.give_project_role people.take_project_role projects.adopt projects.map_stage projects.archive
    projects.merge projects.upgrade_guide projects.restore reviews.reassign""": ("A", "m", True, False),
    "gates.give_reason": ("", "m", False, False),
    # the team's content
    """answers.save answers.clear answers.restore sources.add sources.rename sources.move sources.remove
    sources.restore sources.take sources.follow surroundings.note_change surroundings.assess_change
    reviews.answer_change""": (
        "",
        "mk",
        False,
        False,
    ),
    "answers.import_sheet": ("", "mk", True, False),
    "evidence.add evidence.revise evidence.set_expiry evidence.remove evidence.restore": (
        "",
        f"mk{SIGNERS}",
        False,
        False,
    ),
    # questions and answers on a field
    "threads.ask threads.reply threads.resolve threads.reopen": ("", ALL, False, False),
    # what is signed
    """reviews.decide reviews.affirm reviews.withdraw reviews.hand_over gates.waive gates.revoke_waiver
    gates.withdraw_condition gates.reopen_condition""": ("", SIGNERS, False, False),
    "gates.go": ("", "ba", False, False),
    "gates.recycle gates.stop operation.conclude_review operation.retire": ("", "bam", False, False),
    "gates.choose_tier": ("", "a", False, False),
    "gates.add_condition": ("", f"m{SIGNERS}", False, False),
    "gates.meet_condition": ("", ON_IT, False, False),
    # operation
    "monitors.create monitors.edit": ("A", "mk", True, False),
    "releases.create releases.step releases.roll_back releases.withdraw": ("A", "mko", True, False),
    "monitors.push_readings": ("A", "mko", True, True),
    "monitors.correct_reading": ("A", "mko", True, False),
    "incidents.open": ("", ON_IT, False, True),
    "incidents.note incidents.sign_fix": ("", ON_IT, False, False),
    "incidents.acknowledge incidents.reopen": ("", f"mko{SIGNERS}", False, False),
    "incidents.edit incidents.resolve incidents.close": ("", "mko", False, False),
    # the product itself
    "guides.keep": ("A", "", True, True),
    "gates.record_lapse monitors.fire": ("", "", False, True),
}
LINES = {action: line for actions, line in MATRIX.items() for action in actions.split()}


def test_every_action_has_a_line() -> None:
    assert len(LINES) == sum(len(actions.split()) for actions in MATRIX)
    assert set(LINES) == set(PERMISSIONS), "add the action to the class above that may do it"


@pytest.mark.parametrize("action", LINES)
def test_who_may(action: str) -> None:
    """On one's own project the role on it counts; on another project only the one in the organisation does."""
    organisation, project, command_line, system = LINES[action]
    for letter, place in ORGANISATION.items():
        person = Actor("x", "Xen", place, approval_level=4)
        of_organisation = letter in organisation
        assert may(action, person, ()) is of_organisation, (action, place, "other project")
        for role_letter, role in LETTERS.items():
            expected = of_organisation or role_letter in project
            assert may(action, person, (role,)) is expected, (action, place, role)
            assert (refusal(action, person, (role,)) is None) is expected
    outsider = Actor("o", "Oz", None)
    assert not may(action, outsider, ())
    assert may(action, COMMAND_LINE, ()) is command_line
    assert may(action, SYSTEM, ()) is system
    if not project:
        assert not any(may(action, outsider, (role,)) for role in Role)


IN_PERSON = (
    "reviews.decide reviews.affirm reviews.withdraw reviews.hand_over gates.go gates.recycle gates.stop gates.waive "
    "gates.revoke_waiver gates.choose_tier gates.give_reason gates.add_condition gates.meet_condition "
    "gates.reopen_condition gates.withdraw_condition delegations.give delegations.end people.erase "
    "threads.ask threads.reply threads.resolve threads.reopen"
)


@pytest.mark.parametrize("action", IN_PERSON.split())
def test_what_a_person_vouches_for_no_machine_does_with_whatever_role(action: str) -> None:
    for machine in (COMMAND_LINE, SYSTEM):
        assert not may(action, machine, tuple(Role))
        assert "signed in" in str(refusal(action, machine, tuple(Role)))


# What programs may do, by hand as well: nothing else, whatever the rights of the person they act for.
BY_TOKEN = {
    Scope.READ: "projects.read projects.export portfolio.read_all organisation.read_audit",
    Scope.PROJECTS_WRITE: "projects.read projects.create projects.edit projects.import_document",
    Scope.WORKSHEETS_WRITE: """projects.read answers.save answers.clear answers.restore sources.add sources.rename
    sources.remove sources.restore surroundings.note_change surroundings.assess_change""",
    Scope.MONITORS_WRITE: "projects.read monitors.create monitors.edit",
    Scope.READINGS_WRITE: "projects.read monitors.push_readings monitors.correct_reading",
    Scope.RELEASES_WRITE: "projects.read releases.create releases.step releases.roll_back releases.withdraw",
    Scope.INCIDENTS_WRITE: """projects.read incidents.open incidents.acknowledge incidents.note incidents.edit
    incidents.resolve incidents.close incidents.reopen""",
}


def _program(scopes: Collection[Scope], only_project: int | None = None) -> Actor:
    grant = TokenGrant(1, frozenset(scopes), only_project)
    return Actor("x", "Xen", OrganisationRole.ADMINISTRATOR, 4, "token", grant)


@pytest.mark.parametrize("scope", Scope)
def test_token_does_what_its_scope_names_and_nothing_more(scope: Scope) -> None:
    program, every_role = _program([scope]), tuple(Role)

    assert {action for action in PERMISSIONS if may(action, program, every_role)} == set(
        BY_TOKEN[scope].split()
    )
    assert not any(may(action, _program([]), every_role) for action in PERMISSIONS)


def test_token_adds_no_right_to_those_of_its_person() -> None:
    member = Actor("x", "Xen", OrganisationRole.MEMBER, 0, "token", TokenGrant(1, frozenset(Scope)))
    for action in PERMISSIONS:
        for role in Role:
            assert not may(action, member, (role,)) or may(
                action, Actor("x", "Xen", OrganisationRole.MEMBER), (role,)
            ), (action, role)


@pytest.mark.parametrize("action", IN_PERSON.split())
def test_no_token_vouches_for_anything(action: str) -> None:
    assert "No token can do this" in str(refusal(action, _program(tuple(Scope)), tuple(Role)))


def test_token_for_one_project_sees_nothing_of_the_organisation() -> None:
    program = _program(tuple(Scope), only_project=7)
    for action in (
        "portfolio.read_all",
        "organisation.read_audit",
        "projects.create",
        "projects.import_document",
    ):
        assert "one project only" in str(refusal(action, program))
    assert may("projects.read", program)
