"""One person of the organisation: account, reviewing roles, what they hold, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lifecycle.actions import people as actions
from lifecycle.errors import LifecycleError, NotFound
from lifecycle.language import mark, say, say_count
from lifecycle.queries import people as queries
from lifecycle.queries.people import Duties, PersonView
from lifecycle.rules.people import HIGHEST_APPROVAL_LEVEL
from lifecycle.ui import cache, navigation, state
from lifecycle.ui.components import definitions, exact, page_header, plain, refusal
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.standing import Mark
from lifecycle.vocabulary import OrganisationRole, Role, reviewers

_RESET = "person:reset"
NOT_ACTIVE = Mark(mark("Not active"), "gray", "person_off")

Change = tuple[Callable[..., Any], dict[str, Any]]


def show(person: PersonView | None) -> None:
    """The page of this person; None says that there is no such one."""
    if person is None:
        raise NotFound("person", navigation.here("person"))
    page_header(
        person.name,
        about=person.email
        or say("This account was erased; the log keeps its key, signatures their printed name."),
        mark=None if person.active else NOT_ACTIVE,
        actions=_back,
    )
    _facts(person)
    if person.erased:
        return
    if not person.active:
        _come_back(person)
        return
    _show_reset_link(person)
    _account(person)
    _reviewing(person)
    _projects(person)
    _leaving(person)


def _back() -> None:
    if st.button(say("Everybody"), icon=":material/arrow_back:", key="person:back"):
        navigation.go("people")


def _facts(person: PersonView) -> None:
    reviews_as = ", ".join(role.title for role in person.reviews_as)
    definitions(
        [
            (say("Role in the organisation"), person.organisation_role.word.capitalize()),
            (say("May be asked to review as"), reviews_as),
            (say("Last here"), exact(person.last_seen_at) if person.last_seen_at else say("Never")),
        ]
    )


# ------------------------------------------------------------------ account


def _account(person: PersonView) -> None:
    st.header(say("Account"), anchor=False)
    roles = [role.value for role in OrganisationRole]
    with st.form("account", enter_to_submit=False):
        with st.grid(3, min_column_width=220):
            name = st.text_input(say("Name"), value=person.name, key=f"account:name:{person.key}")
            role = st.selectbox(
                say("Role in the organisation"),
                roles,
                index=roles.index(person.organisation_role.value),
                format_func=lambda name: OrganisationRole(name).word.capitalize(),
                key=f"account:role:{person.key}",
            )
            level = st.selectbox(
                say("May approve up to tier"),
                list(range(HIGHEST_APPROVAL_LEVEL + 1)),
                index=person.approval_level,
                format_func=lambda tier: str(tier) if tier else say("None"),
                key=f"account:level:{person.key}",
                help=say("Needed for the role of approver, who records the outcome of Launch and Operate."),
            )
        submitted = st.form_submit_button(say("Save account"), type="primary")
    if submitted:
        _apply(_changes(person, name, OrganisationRole(role), level or 0), say("Saved."))


def _changes(person: PersonView, name: str, role: OrganisationRole, level: int) -> list[Change]:
    found: list[Change] = []
    if name != person.name:
        found.append((actions.rename, {"person_key": person.key, "name": name}))
    if role is not person.organisation_role:
        found.append((actions.set_organisation_role, {"person_key": person.key, "role": role}))
    if level != person.approval_level:
        found.append((actions.set_approval_level, {"person_key": person.key, "level": level}))
    return found


def _apply(changes: list[Change], done: str) -> None:
    """One action after the other; what was refused is said beside the form, the rest is done."""
    refused: list[LifecycleError] = []
    for action, arguments in changes:
        outcome = attempt(action, **arguments)
        if outcome.refusal is not None:
            refused.append(outcome.refusal)
    for error in refused:
        refusal(error)
    if not refused:
        state.flash("success" if changes else "info", done if changes else say("Nothing was changed."))
        draw_again()


def _reviewing(person: PersonView) -> None:
    st.header(say("Reviewing"), anchor=False)
    with st.form("reviewing"):
        chosen = st.multiselect(
            say("May be asked to review as"),
            [role.value for role in reviewers()],
            default=[role.value for role in person.reviews_as],
            format_func=lambda name: Role(name).title,
            key=f"reviewing:{person.key}",
            help=say("Being named in an answer grants nothing; this list does. Decisions already made stay."),
            placeholder=say("Choose roles"),
        )
        submitted = st.form_submit_button(say("Save reviewing roles"))
    if submitted:
        wanted = {Role(name) for name in chosen}
        held = set(person.reviews_as)
        changes: list[Change] = [
            (actions.make_eligible, {"person_key": person.key, "role": role})
            for role in reviewers()
            if role in wanted - held
        ]
        changes += [
            (actions.end_eligibility, {"person_key": person.key, "role": role})
            for role in reviewers()
            if role in held - wanted
        ]
        _apply(changes, say("Saved."))


def _projects(person: PersonView) -> None:
    held = cache.read(queries.memberships, person_key=person.key)
    st.header(say("Roles on projects"), anchor=False)
    if not held:
        st.caption(say("None. A product manager gives them on the project's overview."))
        return
    for one in held:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            navigation.link(
                "project", plain(one.project_name), icon=":material/flag:", project=one.project_key
            )
            st.caption(say("{role} since {day}", role=one.role.title, day=one.since.date()), width="content")


# ------------------------------------------------------------------ a forgotten password


def _show_reset_link(person: PersonView) -> None:
    kept = state.value(_RESET)
    if not kept or kept[0] != person.key:
        return
    with st.container(border=True):
        st.markdown(
            say(":green[:material/key:] **Send this link to {person}**", person=plain(person.name)),
            anchors=False,
        )
        st.code(kept[1], language=None, wrap_lines=True)
        st.caption(say("It sets a new password, once, within a day. It cannot be shown again: copy it now."))
        if st.button(say("I have copied it"), key="person:copied"):
            state.forget(_RESET)
            draw_again()


def _make_reset_link(person: PersonView) -> None:
    outcome = attempt(actions.make_reset_link, person_key=person.key)
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.put(_RESET, [person.key, f"{cache.settings().base_url}/reset/{outcome.value}"])
    draw_again()


# ------------------------------------------------------------------ leaving and coming back


def _leaving(person: PersonView) -> None:
    st.header(say("Access"), anchor=False)
    with st.container(horizontal=True, gap="small"):
        makes_link = cache.settings().local_accounts and st.button(
            say("Make a link for a new password"), icon=":material/key:", key="person:make_reset"
        )
        signs_out = st.button(say("Sign out everywhere"), icon=":material/logout:", key="person:sign_out")
    if makes_link:
        _make_reset_link(person)
    if signs_out:
        perform(
            actions.sign_out_everywhere,
            done=say("{person} is signed out in every browser, and can sign in again.", person=person.name),
            person_key=person.key,
        )
    duties = cache.read_now(queries.duties, person_key=person.key)
    with st.expander(say("End this account"), icon=":material/person_off:"):
        st.markdown(plain(_duties_in_words(duties)), anchors=False)
        with st.form("deactivate", border=False):
            if st.form_submit_button(say("Deactivate")):
                perform(
                    actions.deactivate,
                    done=say("{person} is signed out everywhere and cannot sign in.", person=person.name),
                    person_key=person.key,
                )
        _erase(person)


def _duties_in_words(duties: Duties) -> str:
    """What to hand over before somebody leaves."""
    said = []
    if duties.open_reviews:
        said.append(
            say_count(
                "{number:,} review waits for them: ask others instead.",
                "{number:,} reviews wait for them: ask others instead.",
                duties.open_reviews,
            )
        )
    if duties.sole_manager_of:
        said.append(
            say(
                "They are the only product manager of {projects}: name another one.",
                projects=", ".join(duties.sole_manager_of),
            )
        )
    said.append(say("Their roles and decisions stay as they are."))
    return " ".join(said)


def _erase(person: PersonView) -> None:
    with st.form("erase", border=False):
        st.caption(
            say(
                "Erasing removes name, address and password for good. Signatures keep the name they were printed with."
            )
        )
        typed = st.text_input(
            say("Type “{word}” to confirm", word=say("erase")), key=f"erase:{person.key}", width=220
        )
        submitted = st.form_submit_button(say("Erase this person"))
    if submitted and typed.strip().casefold() == say("erase"):
        perform(actions.erase, done=say("The person was erased."), person_key=person.key)
    elif submitted:
        st.error(
            say("Nothing was erased: type “{word}” into the box first.", word=say("erase")),
            icon=":material/error:",
        )


def _come_back(person: PersonView) -> None:
    if st.button(
        say("Reactivate this account"), type="primary", icon=":material/person_add:", key="reactivate"
    ):
        perform(
            actions.reactivate,
            done=say("{person} may sign in again.", person=person.name),
            person_key=person.key,
        )
    with st.expander(say("Erase"), icon=":material/person_remove:"):
        _erase(person)
