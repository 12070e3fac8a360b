"""The whole table of permissions, written out by hand: every action, every role, on one's own project and another.

Each line names a class of actions, who may of the organisation and who may by a role on the project. The table of the
product is not read to make this one: an action without a line here fails the first test.
"""

from __future__ import annotations

import pytest

from lifecycle.rules.permissions import PERMISSIONS, may, refusal
from lifecycle.vocabulary import COMMAND_LINE, SYSTEM, Actor, OrganisationRole, Role

# role letters: organisation A administrator, L leadership, M member
# project: b t p l c v the six reviewers, a approver, m product manager, k contributor, o monitor owner, r reader
LETTERS = dict(zip("btplcvamkor", Role, strict=True))
ORGANISATION = dict(zip("ALM", OrganisationRole, strict=True))
SIGNERS, ALL = "btplcva", "btplcvamkor"
ON_IT = "btplcvamko"

# actions: organisation, project, command line, system
MATRIX: dict[str, tuple[str, str, bool, bool]] = {
    # everybody of the organisation
    "people.read people.rename projects.create projects.import_document": ("ALM", "", True, False),
    "people.change_password delegations.give delegations.end deliveries.choose": ("ALM", "", False, False),
    # administration
    """people.invite people.revoke_invitation people.make_reset_link people.set_organisation_role
    people.set_approval_level people.make_eligible people.end_eligibility people.deactivate people.reactivate
    organisation.read_audit organisation.edit_settings organisation.edit_guide organisation.load_example
    organisation.backup imports.run imports.undo imports.resolve plans.set_holidays delegations.read_all
    deliveries.read deliveries.add_channel deliveries.switch_channel deliveries.remove_channel deliveries.replay
    deliveries.send_test""": (
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
    projects.merge projects.upgrade_guide     projects.restore reviews.reassign""": ("A", "m", True, False),
    "gates.give_reason releases.freeze releases.withdraw": ("", "m", False, False),
    # the team's content
    """answers.save answers.clear answers.restore sources.add sources.rename sources.move sources.remove
    sources.restore sources.take sources.follow reviews.answer_change
    monitors.create monitors.edit""": (
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
    "gates.recycle gates.stop": ("", "bam", False, False),
    "gates.choose_tier": ("", "a", False, False),
    "gates.add_condition": ("", f"m{SIGNERS}", False, False),
    "gates.meet_condition": ("", ON_IT, False, False),
    # operation
    "monitors.push_readings": ("A", "mko", True, True),
    "incidents.open": ("", ON_IT, False, True),
    "incidents.acknowledge": ("", f"mko{SIGNERS}", False, False),
    "incidents.resolve": ("", "mko", False, False),
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
