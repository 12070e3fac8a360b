"""Who may do what: one table, read by screen, API and command line. What is not in it, nobody may do.

The table says which role may try; the rules of reviews and gates say more (nobody approves what they own or
asked for, a review belongs to the person it names, an approver needs a level of at least the tier).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lifecycle.errors import Forbidden
from lifecycle.language import mark, say
from lifecycle.vocabulary import OWN_ROLES, REVIEWERS, Actor, OrganisationRole, Role, Scope, roles_here

ADMINISTRATOR, LEADERSHIP, MEMBER = OrganisationRole
EVERYBODY = frozenset(OrganisationRole)

PRODUCT_MANAGER = frozenset({Role.PRODUCT_MANAGER})
TEAM = frozenset({Role.PRODUCT_MANAGER, Role.CONTRIBUTOR})
OPERATORS = TEAM | {Role.MONITOR_OWNER}
SIGNERS = frozenset({*REVIEWERS, *OWN_ROLES, Role.APPROVER})
ANYONE_ON_IT = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Either role suffices. `person_only` bars command line and system: they cannot sign or vouch.

    What a token of such a person may do besides stands in SCOPES.

    `system` lets the product itself do it when a date passes or a reading arrives. `command_line` lets whoever runs
    the server do it there though no administrator may do it on a screen.
    """

    organisation: frozenset[OrganisationRole] = frozenset()
    project: frozenset[Role] = frozenset()
    person_only: bool = False
    system: bool = False
    command_line: bool = False


def _organisation(*roles: OrganisationRole) -> frozenset[OrganisationRole]:
    return frozenset(roles)


_ADMINISTRATORS = Allowed(_organisation(ADMINISTRATOR))
_ADMINISTRATOR_IN_PERSON = Allowed(_organisation(ADMINISTRATOR), person_only=True)
_READERS = Allowed(_organisation(ADMINISTRATOR, LEADERSHIP), ANYONE_ON_IT)
_MANAGER = Allowed(project=PRODUCT_MANAGER)
_MANAGER_OR_ADMINISTRATOR = Allowed(_organisation(ADMINISTRATOR), PRODUCT_MANAGER)
_TEAM = Allowed(project=TEAM)
_TEAM_OR_ADMINISTRATOR = Allowed(_organisation(ADMINISTRATOR), TEAM)
_OPERATES_IN_PERSON = Allowed(project=OPERATORS, person_only=True)
_OPERATORS_OR_ADMINISTRATOR = Allowed(_organisation(ADMINISTRATOR), OPERATORS)
_ON_IT_IN_PERSON = Allowed(project=ANYONE_ON_IT, person_only=True)
_TEAM_AND_SIGNERS = Allowed(project=TEAM | SIGNERS)
_SIGNS = Allowed(project=SIGNERS, person_only=True)

PERMISSIONS: Mapping[str, Allowed] = MappingProxyType(
    {
        # people of the organisation
        "people.read": Allowed(EVERYBODY),
        "people.invite": _ADMINISTRATORS,
        "people.revoke_invitation": _ADMINISTRATORS,
        "people.make_reset_link": _ADMINISTRATORS,
        "people.change_password": Allowed(EVERYBODY, person_only=True),
        "people.rename": Allowed(EVERYBODY),
        "people.choose_language": Allowed(EVERYBODY, person_only=True),
        "people.sign_out_everywhere": Allowed(EVERYBODY),
        "people.set_organisation_role": _ADMINISTRATORS,
        "people.set_approval_level": _ADMINISTRATORS,
        "people.make_eligible": _ADMINISTRATORS,
        "people.end_eligibility": _ADMINISTRATORS,
        "people.deactivate": _ADMINISTRATORS,
        "people.reactivate": _ADMINISTRATORS,
        "people.erase": _ADMINISTRATOR_IN_PERSON,
        "people.give_project_role": _MANAGER_OR_ADMINISTRATOR,
        "people.take_project_role": _MANAGER_OR_ADMINISTRATOR,
        # access tokens: one's own, or anybody's for an administrator to revoke
        "tokens.create": Allowed(EVERYBODY),
        "tokens.revoke": Allowed(EVERYBODY),
        "tokens.read_all": _ADMINISTRATORS,
        # organisation
        "organisation.read_audit": _ADMINISTRATORS,
        "organisation.edit_settings": _ADMINISTRATORS,
        "organisation.edit_guide": _ADMINISTRATORS,
        "guides.keep": Allowed(_organisation(ADMINISTRATOR), system=True),
        "own_guides.save": _ADMINISTRATORS,
        "organisation.load_example": _ADMINISTRATORS,
        "organisation.backup": _ADMINISTRATORS,
        # telling people
        "deliveries.read": _ADMINISTRATORS,
        "deliveries.add_channel": _ADMINISTRATORS,
        "deliveries.switch_channel": _ADMINISTRATORS,
        "deliveries.remove_channel": _ADMINISTRATORS,
        "deliveries.replay": _ADMINISTRATORS,
        "deliveries.send_test": _ADMINISTRATORS,
        "deliveries.choose": Allowed(EVERYBODY, person_only=True),
        # portfolio: everybody sees the projects they may read; this one sees all of them
        "filters.save": Allowed(EVERYBODY, person_only=True),
        "filters.rename": Allowed(EVERYBODY, person_only=True),
        "filters.delete": Allowed(EVERYBODY, person_only=True),
        "portfolio.read_all": Allowed(_organisation(ADMINISTRATOR, LEADERSHIP)),
        # projects
        "projects.read": _READERS,
        "projects.export": _READERS,
        "projects.create": Allowed(EVERYBODY),
        "projects.copy": _READERS,
        "projects.upgrade_guide": _MANAGER_OR_ADMINISTRATOR,
        "projects.merge": _MANAGER_OR_ADMINISTRATOR,
        "projects.import_document": Allowed(EVERYBODY),
        "projects.edit": _MANAGER,
        "projects.set_status": _MANAGER,
        "projects.adopt": _MANAGER_OR_ADMINISTRATOR,
        "projects.map_stage": _MANAGER_OR_ADMINISTRATOR,
        "projects.archive": _MANAGER_OR_ADMINISTRATOR,
        "projects.restore": _MANAGER_OR_ADMINISTRATOR,
        # registers
        "imports.run": _ADMINISTRATORS,
        "imports.undo": _ADMINISTRATORS,
        "imports.resolve": _ADMINISTRATORS,
        "imports.save_mapping": _ADMINISTRATORS,
        "imports.rename_mapping": _ADMINISTRATORS,
        "imports.remove_mapping": _ADMINISTRATORS,
        # worksheets and data sources
        "answers.save": _TEAM,
        "answers.clear": _TEAM,
        "answers.restore": _TEAM,
        "answers.import_sheet": Allowed(project=TEAM, command_line=True),
        "sources.add": _TEAM,
        "sources.rename": _TEAM,
        "sources.move": _TEAM,
        "sources.remove": _TEAM,
        "sources.restore": _TEAM,
        "sources.take": _TEAM,
        "sources.follow": _TEAM,
        "surroundings.note_change": _TEAM,
        "surroundings.assess_change": _TEAM,
        # questions and answers on a field; rules.threads says who may resolve one
        "threads.ask": _ON_IT_IN_PERSON,
        "threads.reply": _ON_IT_IN_PERSON,
        "threads.resolve": _ON_IT_IN_PERSON,
        "threads.reopen": _ON_IT_IN_PERSON,
        # reviews and sign-offs
        "reviews.request": _MANAGER,
        "reviews.cancel": _MANAGER,
        "reviews.reassign": _MANAGER_OR_ADMINISTRATOR,
        "reviews.decide": _SIGNS,
        "reviews.hand_over": _SIGNS,
        "reviews.affirm": _SIGNS,
        "reviews.withdraw": _SIGNS,
        "reviews.answer_change": Allowed(project=TEAM, person_only=True),
        # evidence: a reviewer may change only what they added (rules.evidence.against_changing)
        "evidence.add": _TEAM_AND_SIGNERS,
        "evidence.revise": _TEAM_AND_SIGNERS,
        "evidence.set_expiry": _TEAM_AND_SIGNERS,
        "evidence.remove": _TEAM_AND_SIGNERS,
        "evidence.restore": _TEAM_AND_SIGNERS,
        # absence: one's own, or anybody's for an administrator
        "delegations.give": Allowed(EVERYBODY, person_only=True),
        "delegations.end": Allowed(EVERYBODY, person_only=True),
        "delegations.read_all": _ADMINISTRATORS,
        # gates
        "gates.go": Allowed(project=frozenset({Role.BUSINESS, Role.APPROVER}), person_only=True),
        "gates.recycle": Allowed(
            project=frozenset({Role.BUSINESS, Role.APPROVER, Role.PRODUCT_MANAGER}), person_only=True
        ),
        "gates.stop": Allowed(
            project=frozenset({Role.BUSINESS, Role.APPROVER, Role.PRODUCT_MANAGER}), person_only=True
        ),
        "gates.waive": _SIGNS,
        "gates.revoke_waiver": _SIGNS,
        "gates.give_reason": Allowed(project=PRODUCT_MANAGER, person_only=True),
        "gates.choose_tier": Allowed(project=frozenset({Role.APPROVER}), person_only=True),
        "gates.add_condition": Allowed(project=SIGNERS | PRODUCT_MANAGER, person_only=True),
        "gates.meet_condition": Allowed(project=ANYONE_ON_IT - {Role.READER}, person_only=True),
        "gates.reopen_condition": _SIGNS,
        "gates.withdraw_condition": _SIGNS,
        "gates.record_lapse": Allowed(system=True),
        # the Operate review, and the end of a product
        "operation.conclude_review": Allowed(
            project=frozenset({Role.BUSINESS, Role.APPROVER, Role.PRODUCT_MANAGER}), person_only=True
        ),
        "operation.retire": Allowed(
            project=frozenset({Role.BUSINESS, Role.APPROVER, Role.PRODUCT_MANAGER}), person_only=True
        ),
        # plans
        "plans.set_date": _MANAGER,
        "plans.set_dates": _MANAGER,
        "plans.clear_date": _MANAGER,
        "plans.set_holidays": _ADMINISTRATORS,
        # releases, monitors, incidents
        "monitors.create": _TEAM_OR_ADMINISTRATOR,
        "monitors.edit": _TEAM_OR_ADMINISTRATOR,
        # a delivery pipeline may do all of these: that the gate is open was decided by people
        "releases.create": _OPERATORS_OR_ADMINISTRATOR,
        "releases.step": _OPERATORS_OR_ADMINISTRATOR,
        "releases.roll_back": _OPERATORS_OR_ADMINISTRATOR,
        "releases.withdraw": _OPERATORS_OR_ADMINISTRATOR,
        "monitors.retire": _MANAGER,
        "monitors.push_readings": Allowed(_organisation(ADMINISTRATOR), OPERATORS, system=True),
        "monitors.correct_reading": Allowed(_organisation(ADMINISTRATOR), OPERATORS),
        "monitors.fire": Allowed(system=True),
        "incidents.open": Allowed(project=ANYONE_ON_IT - {Role.READER}, system=True),
        "incidents.note": Allowed(project=ANYONE_ON_IT - {Role.READER}, person_only=True),
        "incidents.acknowledge": Allowed(project=OPERATORS | SIGNERS, person_only=True),
        "incidents.edit": _OPERATES_IN_PERSON,
        "incidents.resolve": _OPERATES_IN_PERSON,
        "incidents.close": _OPERATES_IN_PERSON,
        "incidents.reopen": Allowed(project=OPERATORS | SIGNERS, person_only=True),
        # rules.incidents says who of them: whoever the release path names
        "incidents.sign_fix": Allowed(project=ANYONE_ON_IT - {Role.READER}, person_only=True),
    }
)

# What a token lets through of the rights of the person it belongs to; what is in no scope, no token can do.
# Every scope reads the project that it writes to: the routes for reading ask for `read` itself.
SCOPES: Mapping[Scope, frozenset[str]] = MappingProxyType(
    {
        Scope.READ: frozenset(
            {"projects.read", "projects.export", "portfolio.read_all", "organisation.read_audit"}
        ),
        Scope.PROJECTS_WRITE: frozenset(
            {"projects.read", "projects.create", "projects.edit", "projects.import_document"}
        ),
        Scope.WORKSHEETS_WRITE: frozenset(
            {
                "projects.read",
                "answers.save",
                "answers.clear",
                "answers.restore",
                "sources.add",
                "sources.rename",
                "sources.remove",
                "sources.restore",
                "surroundings.note_change",
                "surroundings.assess_change",
            }
        ),
        Scope.MONITORS_WRITE: frozenset({"projects.read", "monitors.create", "monitors.edit"}),
        Scope.READINGS_WRITE: frozenset(
            {"projects.read", "monitors.push_readings", "monitors.correct_reading"}
        ),
        Scope.RELEASES_WRITE: frozenset(
            {"projects.read", "releases.create", "releases.step", "releases.roll_back", "releases.withdraw"}
        ),
        Scope.INCIDENTS_WRITE: frozenset(
            {
                "projects.read",
                "incidents.open",
                "incidents.acknowledge",
                "incidents.note",
                "incidents.edit",
                "incidents.resolve",
                "incidents.close",
                "incidents.reopen",
            }
        ),
    }
)
# About more than one project: not for a token that is restricted to one.
_BEYOND_ONE_PROJECT = frozenset(
    {"portfolio.read_all", "organisation.read_audit", "projects.create", "projects.import_document"}
)

_NOT_A_PERSON = mark(
    "Only a person who is signed in may do this; it cannot be done from the command line or by the product."
)


def may(action: str, by: Actor, project_roles: Collection[Role] = ()) -> bool:
    """Whether this actor may try the action, on a project where they hold these roles."""
    allowed = PERMISSIONS.get(action, Allowed())
    if allowed.person_only and not by.has_account:
        return False
    if by.kind == "token" and _against_token(action, by):
        return False
    if by.kind == "system":
        return allowed.system
    if by.kind == "command_line" and allowed.command_line:
        return True
    return by.organisation_role in allowed.organisation or not allowed.project.isdisjoint(project_roles)


def refusal(action: str, by: Actor, project_roles: Collection[Role] = ()) -> str | None:
    """None when they may; otherwise the sentence that the screen shows and the action raises."""
    if may(action, by, project_roles):
        return None
    allowed = PERMISSIONS.get(action, Allowed())
    if allowed.person_only and not by.has_account:
        return say(_NOT_A_PERSON)
    if by.kind == "token" and (sentence := _against_token(action, by)):
        return sentence
    holders = _names(allowed)
    if not holders:
        return say("Nobody may do this by hand.")
    return say(
        "Only {holders} may do this. Ask one of them, or an administrator for the role.", holders=holders
    )


def require(action: str, by: Actor, project_roles: Collection[Role] = ()) -> None:
    """Raises Forbidden with the sentence of `refusal`."""
    if sentence := refusal(action, by, project_roles):
        raise Forbidden(sentence)


def _against_token(action: str, by: Actor) -> str | None:
    """Why no token, or not this one, can do it; None where its person's rights decide."""
    granting = [scope for scope, actions in SCOPES.items() if action in actions]
    if by.grant is None or not granting:
        return say("No token can do this. Sign in and do it on the screen.")
    if by.grant.scopes.isdisjoint(granting):
        return say(
            "This token lacks the scope {scope}. Make another one that has it.", scope=granting[0].value
        )
    if by.grant.only_project is not None and action in _BEYOND_ONE_PROJECT:
        return say("This token is for one project only. Make another one without that restriction.")
    return None


def _names(allowed: Allowed) -> str:
    if allowed.organisation >= EVERYBODY:
        return say("people of this organisation")
    words = [
        say("the project's {role}", role=_lower(role.title))
        for role in roles_here()
        if role in allowed.project
    ]
    if allowed.project >= ANYONE_ON_IT:
        words = [say("people with a role on the project")]
    words += [
        {ADMINISTRATOR: say("an administrator"), LEADERSHIP: say("leadership")}[role]
        for role in allowed.organisation
    ]
    return say(" or ").join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]
