"""Invitations, accounts as an administrator sees them, roles. One event each; the commit is the caller's.

The log knows people by key only: no name, address or password ever enters it, so that erasing a person does
not break the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, func, select

from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, project_chain, record
from lifecycle.facts.people import holders, require_on_project
from lifecycle.language import LANGUAGES, say
from lifecycle.rules import people as rules
from lifecycle.rules.permissions import require
from lifecycle.rules.retold import ERASED_NAME as ERASED_NAME
from lifecycle.rules.retold import kept
from lifecycle.store.tables import (
    ApiToken,
    EligibleReviewer,
    Invitation,
    Membership,
    PersonRow,
    Project,
    SignInIdentity,
    WebSession,
)
from lifecycle.store.tokens import hash_token, new_token
from lifecycle.vocabulary import OWN_ROLES, REVIEWERS, Actor, Blocker, OrganisationRole, Role

INVITATION_LASTS = timedelta(days=7)
RESET_LINK_LASTS = timedelta(hours=24)


def invite(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    email: str,
    name: str = "",
    organisation_role: OrganisationRole = OrganisationRole.MEMBER,
    project_id: int | None = None,
    project_role: Role | None = None,
) -> str:
    """Returns the token of a link that makes one account within seven days; an earlier open link ends."""
    require("people.invite", by)
    email, name = rules.tidy_email(email), rules.tidy_name(name)
    problems = {"email": rules.email_problem(email), "name": rules.name_problem(name) if name else None}
    raise_problems(problems)
    if session.exec(select(PersonRow.key).where(col(PersonRow.email) == email)).first():
        raise Invalid({"email": say("Somebody with this address has an account already.")})
    if (project_id is None) != (project_role is None):
        raise Invalid({"project": say("Choose both a project and a role on it, or neither.")})
    if project_id is not None:
        _project(session, project_id)
    earlier = session.exec(
        select(Invitation).where(
            col(Invitation.email) == email,
            col(Invitation.purpose) == "join",
            col(Invitation.used_at).is_(None),
        )
    )
    for link in earlier:
        link.revoked_at = at
    token = new_token()
    session.add(
        Invitation(
            token_hash=hash_token(token),
            email=email,
            name=name,
            organisation_role=organisation_role.value,
            project_id=project_id,
            project_role=project_role.value if project_role else None,
            created_by=by.key,
            created_at=at,
            expires_at=at + INVITATION_LASTS,
        )
    )
    _record_link(
        session,
        EventAction.PERSON_INVITED,
        token,
        by,
        at,
        organisation_role=organisation_role.value,
        project_id=project_id,
        project_role=project_role.value if project_role else None,
    )
    return token


def revoke_invitation(session: Session, *, by: Actor, at: datetime, token_hash: str) -> None:
    """The link stops working; refused when it was used or revoked before."""
    require("people.revoke_invitation", by)
    invitation = session.get(Invitation, token_hash)
    if invitation is None or invitation.used_at or invitation.revoked_at:
        raise NotFound(say("open invitation"), token_hash[:8])
    invitation.revoked_at = at
    _record_event(session, EventAction.INVITATION_REVOKED, f"link:{token_hash[:16]}", by, at)


def make_reset_link(session: Session, *, by: Actor, at: datetime, person_key: str) -> str:
    """Returns the token of a link that sets this person's password within a day; an earlier one ends."""
    require("people.make_reset_link", by)
    person = active_person(session, person_key)
    _end_links(session, person.key, at)
    token = new_token()
    session.add(
        Invitation(
            token_hash=hash_token(token),
            purpose="reset",
            person_key=person.key,
            created_by=by.key,
            created_at=at,
            expires_at=at + RESET_LINK_LASTS,
        )
    )
    record_of_person(session, EventAction.RESET_LINK_MADE, person, by, at, link=hash_token(token)[:16])
    return token


# ------------------------------------------------------------------ the organisation's people


def rename(session: Session, *, by: Actor, at: datetime, person_key: str, name: str) -> None:
    """One's own name, or anybody's for an administrator. Signatures keep the name they were printed with."""
    require("people.rename", by)
    if by.key != person_key and by.organisation_role is not OrganisationRole.ADMINISTRATOR:
        raise Forbidden(say("Only an administrator may change somebody else's name."))
    person = existing_person(session, person_key)
    name = rules.tidy_name(name)
    raise_problems({"name": rules.name_problem(name)})
    person.name = name
    record_of_person(session, EventAction.PERSON_CHANGED, person, by, at, changed="name")


def choose_language(session: Session, *, by: Actor, at: datetime, language: str) -> None:
    """The language in which whoever acts is spoken to from now on, on the screen and in messages."""
    require("people.choose_language", by)
    if language not in LANGUAGES:
        raise Invalid(
            {"language": say("Choose one of: {languages}.", languages=", ".join(LANGUAGES.values()))}
        )
    person = existing_person(session, by.key)
    if person.language == language:
        return
    person.language = language
    record_of_person(session, EventAction.PERSON_CHANGED, person, by, at, changed="language")


def set_organisation_role(
    session: Session, *, by: Actor, at: datetime, person_key: str, role: OrganisationRole
) -> None:
    """Refused for the last administrator: somebody must be able to let people in."""
    require("people.set_organisation_role", by)
    change_organisation_role(session, by, at, person_key, role)


def change_organisation_role(
    session: Session, by: Actor, at: datetime, person_key: str, role: OrganisationRole, **how: object
) -> None:
    """For whoever may, or what says so instead: `how` goes into the event. Refused for the last administrator."""
    person = active_person(session, person_key)
    if role is not OrganisationRole.ADMINISTRATOR:
        keep_an_administrator(session, person)
    before, person.organisation_role = person.organisation_role, role.value
    record_of_person(
        session,
        EventAction.PERSON_CHANGED,
        person,
        by,
        at,
        changed="organisation_role",
        before=before,
        after=role.value,
        **how,
    )


def set_approval_level(session: Session, *, by: Actor, at: datetime, person_key: str, level: int) -> None:
    """The highest risk tier that this person may approve; 0 takes the right away."""
    require("people.set_approval_level", by)
    if not 0 <= level <= rules.HIGHEST_APPROVAL_LEVEL:
        raise Invalid(
            {
                "level": say(
                    "Choose a level from 0 to {highest}.",
                    highest=rules.HIGHEST_APPROVAL_LEVEL,
                )
            }
        )
    person = active_person(session, person_key)
    before, person.approval_level = person.approval_level, level
    record_of_person(
        session,
        EventAction.PERSON_CHANGED,
        person,
        by,
        at,
        changed="approval_level",
        before=before,
        after=level,
    )


def make_eligible(session: Session, *, by: Actor, at: datetime, person_key: str, role: Role) -> None:
    """Put somebody on the list of those who may be asked to review in this role."""
    require("people.make_eligible", by)
    if role not in (*REVIEWERS, *OWN_ROLES):
        raise Invalid({"role": say("{role} is not a reviewing role.", role=role.title)})
    person = active_person(session, person_key)
    if session.get(EligibleReviewer, (person_key, role.value)):
        raise Invalid(
            {"role": say("{person} is on the list for {role} already.", person=person.name, role=role.title)}
        )
    session.add(EligibleReviewer(person_key=person_key, role=role.value, granted_by=by.key, granted_at=at))
    record_of_person(session, EventAction.REVIEWER_LISTED, person, by, at, role=role.value)


def end_eligibility(session: Session, *, by: Actor, at: datetime, person_key: str, role: Role) -> None:
    """Nobody can ask them in this role any more; decisions and open requests stay."""
    require("people.end_eligibility", by)
    listed = session.get(EligibleReviewer, (person_key, role.value))
    if listed is None:
        raise NotFound(say("eligible reviewer"), person_key)
    session.delete(listed)
    record_of_person(
        session, EventAction.REVIEWER_UNLISTED, existing_person(session, person_key), by, at, role=role.value
    )


def deactivate(session: Session, *, by: Actor, at: datetime, person_key: str) -> None:
    """End the account's sessions, links and tokens and let nobody in with it. Roles and decisions stay."""
    require("people.deactivate", by)
    person = active_person(session, person_key)
    keep_an_administrator(session, person)
    person.active = False
    _end_links(session, person.key, at)
    ended, tokens = end_sessions(session, person.key, at), _end_tokens(session, person.key, by, at)
    record_of_person(
        session, EventAction.PERSON_DEACTIVATED, person, by, at, sessions_ended=ended, tokens_revoked=tokens
    )


def sign_out_everywhere(
    session: Session, *, by: Actor, at: datetime, person_key: str, keep_session: str | None = None
) -> int:
    """End all sessions of oneself, or of anybody for an administrator, but the one of this token hash.

    Returns how many were ended.
    """
    require("people.sign_out_everywhere", by)
    if by.key != person_key and by.organisation_role is not OrganisationRole.ADMINISTRATOR:
        raise Forbidden(say("Only an administrator may sign somebody else out."))
    person = existing_person(session, person_key)
    ended = end_sessions(session, person.key, at, but=keep_session)
    record_of_person(session, EventAction.SESSION_REVOKED, person, by, at, sessions_ended=ended)
    return ended


def reactivate(session: Session, *, by: Actor, at: datetime, person_key: str) -> None:
    require("people.reactivate", by)
    person = existing_person(session, person_key)
    if person.erased_at is not None:
        raise Refused(Blocker("erased", say("This person was erased; invite them anew.")))
    if person.active:
        raise Invalid({"person": say("{person} is active already.", person=person.name)})
    person.active = True
    record_of_person(session, EventAction.PERSON_REACTIVATED, person, by, at)


def erase(session: Session, *, by: Actor, at: datetime, person_key: str) -> None:
    """Remove name, address, password and browsers. The log keeps the key, signatures their printed name."""
    require("people.erase", by)
    person = existing_person(session, person_key)
    if person.erased_at is not None:
        raise Invalid({"person": say("This person was erased already.")})
    keep_an_administrator(session, person)
    person.name, person.email, person.password_hash = kept(ERASED_NAME), None, None
    person.active, person.erased_at = False, at
    person.organisation_role, person.approval_level = OrganisationRole.MEMBER.value, 0
    session.execute(delete(WebSession).where(col(WebSession.person_key) == person.key))
    for identity in session.exec(
        select(SignInIdentity).where(col(SignInIdentity.person_key) == person.key)
    ).all():
        session.delete(identity)
    for listed in session.exec(
        select(EligibleReviewer).where(col(EligibleReviewer.person_key) == person.key)
    ).all():
        session.delete(listed)
    _end_links(session, person.key, at)
    tokens = _end_tokens(session, person.key, by, at)
    roles = _end_memberships(session, person.key, at)
    record_of_person(
        session, EventAction.PERSON_ERASED, person, by, at, roles_ended=roles, tokens_revoked=tokens
    )


# ------------------------------------------------------------------ roles on a project


def give_project_role(
    session: Session, *, by: Actor, at: datetime, project_id: int, person_key: str, role: Role
) -> None:
    """A reviewing role needs a place on the administrator's list, an approver an approval level."""
    project = _project(session, project_id)
    require_on_project(session, "people.give_project_role", by, project_id)
    person = active_person(session, person_key)
    if role in (*REVIEWERS, *OWN_ROLES) and session.get(EligibleReviewer, (person_key, role.value)) is None:
        raise Refused(
            Blocker(
                "not_eligible",
                say(
                    "{person} is not on the list for {role}. An administrator can add them.",
                    person=person.name,
                    role=role.title,
                ),
                role=role,
            )
        )
    if role is Role.APPROVER and person.approval_level == 0:
        raise Refused(
            Blocker(
                "no_level",
                say("{person} has no approval level. An administrator can give one.", person=person.name),
                role=role,
            )
        )
    if person_key in holders(session, project_id, role):
        raise Invalid(
            {
                "role": say(
                    "{person} is {role} of {project} already.",
                    person=person.name,
                    role=role.title,
                    project=project.name,
                )
            }
        )
    add_membership(session, project_id, person_key, role, at, given_by=by.key)
    _record_role(session, EventAction.ROLE_GIVEN, project_id, person_key, role, by, at)


def take_project_role(
    session: Session, *, by: Actor, at: datetime, project_id: int, person_key: str, role: Role
) -> None:
    """Ends the role. The last product manager keeps it until somebody else has it too."""
    project = _project(session, project_id)
    require_on_project(session, "people.take_project_role", by, project_id)
    current = holders(session, project_id, role)
    if person_key not in current:
        raise NotFound(say("{role} of {project}", role=role.title, project=project.name), person_key)
    if role is Role.PRODUCT_MANAGER and current == (person_key,):
        raise Refused(
            Blocker(
                "last_manager",
                say("Name another product manager first; a project is never without one."),
                role=role,
            )
        )
    held = session.exec(
        select(Membership).where(
            col(Membership.project_id) == project_id,
            col(Membership.person_key) == person_key,
            col(Membership.role) == role.value,
            col(Membership.ended_at).is_(None),
        )
    )
    for membership in held:
        membership.ended_at = at
    _record_role(session, EventAction.ROLE_ENDED, project_id, person_key, role, by, at)


# ------------------------------------------------------------------ rows


def existing_person(session: Session, person_key: str) -> PersonRow:
    person = session.get(PersonRow, person_key)
    if person is None:
        raise NotFound(say("person"), person_key)
    return person


def active_person(session: Session, person_key: str) -> PersonRow:
    person = existing_person(session, person_key)
    if not person.active:
        raise Refused(Blocker("inactive", say("The account of {person} is not active.", person=person.name)))
    return person


def _project(session: Session, project_id: int) -> Project:
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound(say("project"), project_id)
    return project


def raise_problems(problems: Mapping[str, str | None]) -> None:
    found = {place: sentence for place, sentence in problems.items() if sentence}
    if found:
        raise Invalid(found)


def add_membership(
    session: Session, project_id: int, person_key: str, role: Role, at: datetime, *, given_by: str
) -> None:
    session.add(
        Membership(project_id=project_id, person_key=person_key, role=role.value, since=at, given_by=given_by)
    )


def keep_an_administrator(session: Session, person: PersonRow) -> None:
    """Raises Refused when nobody would be left to let people in."""
    if person.organisation_role != OrganisationRole.ADMINISTRATOR.value or not person.active:
        return
    others = session.exec(
        select(func.count())
        .select_from(PersonRow)
        .where(
            col(PersonRow.organisation_role) == OrganisationRole.ADMINISTRATOR.value,
            col(PersonRow.active).is_(True),
            col(PersonRow.key) != person.key,
        )
    ).one()
    if not others:
        raise Refused(
            Blocker(
                "last_administrator",
                say("{person} is the last administrator. Make somebody else one first.", person=person.name),
            )
        )


def end_sessions(session: Session, person_key: str, at: datetime, *, but: str | None = None) -> int:
    """How many sessions were ended."""
    open_ones = session.exec(
        select(WebSession).where(
            col(WebSession.person_key) == person_key, col(WebSession.revoked_at).is_(None)
        )
    )
    ended = [web_session for web_session in open_ones if web_session.token_hash != but]
    for web_session in ended:
        web_session.revoked_at = at
    return len(ended)


def _end_links(session: Session, person_key: str, at: datetime) -> None:
    links = session.exec(
        select(Invitation).where(
            col(Invitation.person_key) == person_key,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
        )
    )
    for link in links:
        link.revoked_at = at


def _end_tokens(session: Session, person_key: str, by: Actor, at: datetime) -> list[int]:
    found = session.exec(
        select(ApiToken).where(col(ApiToken.person_key) == person_key, col(ApiToken.revoked_at).is_(None))
    ).all()
    for token in found:
        token.revoked_at, token.revoked_by = at, by.key
    return [token.id or 0 for token in found]


def _end_memberships(session: Session, person_key: str, at: datetime) -> list[list[str | int]]:
    held = session.exec(
        select(Membership).where(col(Membership.person_key) == person_key, col(Membership.ended_at).is_(None))
    ).all()
    for membership in held:
        membership.ended_at = at
    return [[membership.project_id, membership.role] for membership in held]


# ------------------------------------------------------------------ events


def record_of_person(
    session: Session, action: EventAction, person: PersonRow, by: Actor, at: datetime, **detail: object
) -> None:
    _record_event(session, action, f"person:{person.key}", by, at, **detail)


def _record_link(
    session: Session, action: EventAction, token: str, by: Actor, at: datetime, **detail: object
) -> None:
    _record_event(session, action, f"link:{hash_token(token)[:16]}", by, at, **detail)


def _record_event(
    session: Session, action: EventAction, subject: str, by: Actor, at: datetime, **detail: object
) -> None:
    said = {name: value for name, value in detail.items() if value is not None}
    record(session, chain=ORGANISATION, action=action, subject=subject, detail=said, by=by, at=at)


def _record_role(
    session: Session,
    action: EventAction,
    project_id: int,
    person_key: str,
    role: Role,
    by: Actor,
    at: datetime,
) -> None:
    """On the project's own chain: its history shows who held which role, and its pages are read anew."""
    record(
        session,
        chain=project_chain(project_id),
        action=action,
        subject=f"person:{person_key}",
        detail={"role": role.value},
        by=by,
        at=at,
    )
