"""The table of permissions: default deny, who is named, and that the actions ask by its own names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lifecycle.errors import Forbidden
from lifecycle.rules.permissions import PERMISSIONS, may, refusal, require
from lifecycle.vocabulary import COMMAND_LINE, REVIEWERS, SYSTEM, Actor, OrganisationRole, Role
from scripts.serving import ROOT

ADMINISTRATOR = Actor("a", "Ada", OrganisationRole.ADMINISTRATOR, 4)
LEADER = Actor("l", "Lin", OrganisationRole.LEADERSHIP)
MEMBER = Actor("m", "Mo", OrganisationRole.MEMBER)
OUTSIDER = Actor("o", "Oz", None)
EVERYBODY = (ADMINISTRATOR, LEADER, MEMBER, OUTSIDER, COMMAND_LINE, SYSTEM)


@pytest.mark.parametrize("action", ["", "answers", "answers.save ", "ANSWERS.SAVE", "reviews.sign"])
def test_unlisted_action_is_nobodys(action: str) -> None:
    assert not any(may(action, by, tuple(Role)) for by in EVERYBODY)
    assert refusal(action, ADMINISTRATOR, tuple(Role)) == "Nobody may do this by hand."


# Who may, written out: action, organisation roles, project roles, command line, system.
@pytest.mark.parametrize(
    ("action", "organisation", "project", "command_line", "system"),
    [
        ("answers.save", "", "product_manager contributor", False, False),
        ("projects.read", "administrator leadership", " ".join(Role), True, False),
        ("projects.create", "administrator leadership member", "", True, False),
        ("portfolio.read_all", "administrator leadership", "", True, False),
        ("people.invite", "administrator", "", True, False),
        ("people.erase", "administrator", "", False, False),
        ("people.give_project_role", "administrator", "product_manager", True, False),
        ("reviews.request", "", "product_manager", False, False),
        (
            "reviews.decide",
            "",
            "business technology privacy legal compliance validation approver own_1 own_2 own_3 own_4",
            False,
            False,
        ),
        ("gates.go", "", "business approver", False, False),
        ("gates.stop", "", "business approver product_manager", False, False),
        (
            "gates.waive",
            "",
            "business technology privacy legal compliance validation approver own_1 own_2 own_3 own_4",
            False,
            False,
        ),
        ("gates.give_reason", "", "product_manager", False, False),
        ("imports.run", "administrator", "", True, False),
        ("monitors.push_readings", "administrator", "product_manager contributor monitor_owner", True, True),
        ("monitors.fire", "", "", False, True),
    ],
)
def test_who_may(action: str, organisation: str, project: str, command_line: bool, system: bool) -> None:
    for by in (ADMINISTRATOR, LEADER, MEMBER):
        assert may(action, by) is (str(by.organisation_role) in organisation.split()), by
    for role in Role:
        assert may(action, OUTSIDER, [role]) is (role in project.split()), role
    assert may(action, COMMAND_LINE) is command_line
    assert may(action, SYSTEM) is system


def test_nothing_that_signs_or_vouches_is_for_a_machine() -> None:
    for action in PERMISSIONS:
        if action.startswith("reviews.") and action not in (
            "reviews.request",
            "reviews.cancel",
            "reviews.reassign",
        ):
            assert not may(action, COMMAND_LINE, tuple(Role)), action
            assert not may(action, SYSTEM, tuple(Role)), action


def test_product_manager_decides_nothing_for_a_reviewer() -> None:
    for action in ("reviews.decide", "reviews.affirm", "gates.waive", "gates.go", "gates.choose_tier"):
        assert not may(action, MEMBER, [Role.PRODUCT_MANAGER])
        assert any(may(action, MEMBER, [role]) for role in (*REVIEWERS, Role.APPROVER))


def test_refusal_names_who_may() -> None:
    with pytest.raises(Forbidden) as refused:
        require("people.give_project_role", MEMBER, [Role.CONTRIBUTOR])

    assert str(refused.value) == (
        "Only the project's product manager or an administrator may do this."
        " Ask one of them, or an administrator for the role."
    )
    assert "Only a person who is signed in" in str(refusal("reviews.decide", COMMAND_LINE, [Role.LEGAL]))
    assert refusal("people.invite", ADMINISTRATOR) is None


def test_every_name_asked_for_is_in_the_table() -> None:
    """A misspelt name would refuse everybody, silently."""
    asked = {
        (argument.value, str(file.relative_to(ROOT)))
        for file in Path(ROOT / "lifecycle").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and _called(call) in ("may", "refusal", "require", "require_on_project")
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }

    assert len(asked) > 10
    assert {entry for entry in asked if entry[0] not in PERMISSIONS} == set()


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
