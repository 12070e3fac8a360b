"""Absence: who stands in for this person, for whom they stand in, and, for administrators, everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from lifecycle.actions import delegations as actions
from lifecycle.errors import Invalid
from lifecycle.events import ORGANISATION
from lifecycle.language import mark, say
from lifecycle.queries import delegations as queries
from lifecycle.queries.delegations import Absence, DelegationView, RoleToPassOn
from lifecycle.ui import cache, identity, state
from lifecycle.ui.components import empty_state, page_header, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.ui.standing import Mark

_ALL = 0  # the choice of all projects
_USUAL = timedelta(days=14)
_MARKS = {
    "in force": Mark(mark("In force"), "violet", "swap_horiz"),
    "coming": Mark(mark("Coming"), "blue", "event"),
    "over": Mark(mark("Over"), "gray", "event_available"),
    "ended": Mark(mark("Ended"), "gray", "event_busy"),
}


def show() -> None:
    """The whole page."""
    view = cache.read(queries.absence, by=identity.actor(), at=identity.this_hour())
    page_header(say("Absence"), about=_sentence(view))
    if view.roles:
        _new(view)
    elif not view.for_others:
        empty_state(
            say("You review nothing"),
            say("Whoever may be asked to review can name a colleague here for the time they are away."),
            icon="event_busy",
        )
    _listed(say("You are away"), view.mine, view, may_end=True)
    _listed(say("You stand in"), view.for_others, view, may_end=True)
    person = identity.signed_in()
    if person is not None and identity.is_administrator(person):
        _everybody(view)


def _sentence(view: Absence) -> str:
    now = [item for item in view.mine if item.state == "in force"]
    others = [item for item in view.for_others if item.state == "in force"]
    said = []
    if now:
        names = say(" and ").join(dict.fromkeys(item.delegate for item in now))
        said.append(say("{names} may decide what waits for you.", names=names))
    if others:
        names = say(" and ").join(dict.fromkeys(item.away for item in others))
        said.append(say("You may decide what waits for {names}.", names=names))
    return " ".join(said) or say("Name a colleague who may decide what waits for you while you are away.")


# ------------------------------------------------------------------ a new one


def _new(view: Absence) -> None:
    """The role stands outside the form: it decides who can be chosen and where."""
    st.header(say("Name somebody"), anchor=False)
    titles = {item.role.value: item.role.title for item in view.roles}
    name = next(iter(titles))
    if len(titles) > 1:
        name = st.segmented_control(
            say("Which role"),
            list(titles),
            default=name,
            format_func=lambda each: titles[each],
            key="absence:role",
            required=True,
        )
    role = next(item for item in view.roles if item.role.value == name)
    if not role.colleagues:
        st.caption(
            say(
                "Nobody else is on the list for {role}. An administrator can add people.",
                role=role.role.title,
            ),
        )
        return
    _form(view, role)


def _form(view: Absence, role: RoleToPassOn) -> None:
    people = {item.key: item.name for item in role.colleagues}
    places = {_ALL: say("All projects"), **dict(role.projects)}
    form = f"absence:{role.role.value}"
    key = state.fresh(form)
    with st.form(key, enter_to_submit=False):
        with st.grid(2, min_column_width=240):
            person = st.selectbox(
                say("Who decides as {role}", role=role.role.title),
                list(people),
                index=0 if len(people) == 1 else None,
                format_func=lambda each: people.get(each, each),
                key=f"{key}:person",
                placeholder=say("Choose a colleague"),
            )
            place = st.selectbox(
                say("On"),
                list(places),
                format_func=lambda each: places.get(each, ""),
                key=f"{key}:place",
            )
            first = st.date_input(
                say("First day"),
                value=view.today,
                min_value=view.today,
                format="YYYY-MM-DD",
                key=f"{key}:first",
            )
            last = st.date_input(
                say("Last day"),
                value=view.today + _USUAL,
                min_value=view.today,
                format="YYYY-MM-DD",
                key=f"{key}:last",
            )
        reason = st.text_input(
            say("Why (if any)"), key=f"{key}:reason", max_chars=500, placeholder=say("Leave")
        )
        st.caption(
            say(
                "What they sign says that it is for you. They cannot pass it on, nor decide what they asked for, "
                "manage or built themselves."
            )
        )
        submitted = st.form_submit_button(
            say("Let them stand in"), type="primary", icon=":material/swap_horiz:"
        )
    if not submitted:
        return
    if person is None:
        refusal(Invalid({"form": say("Choose a colleague.")}))
        return
    perform(
        actions.give,
        done=say(
            "{person} stands in for you from {first} to {last}.",
            person=people[person],
            first=first.isoformat(),
            last=last.isoformat(),
        ),
        clears=form,
        to_key=person,
        role=role.role,
        starts_on=first,
        ends_on=last,
        project_id=place or None,
        reason=reason,
    )


# ------------------------------------------------------------------ lists


def _listed(title: str, items: Sequence[DelegationView], view: Absence, *, may_end: bool) -> None:
    if not items:
        return
    st.header(title, anchor=False)
    for item in items:
        _line(item, view, may_end=may_end, place=title)


def _line(item: DelegationView, view: Absence, *, may_end: bool, place: str) -> None:
    where = item.project or say("all projects")
    days = say("{first_day} to {last_day}", first_day=item.starts_on, last_day=item.ends_on)
    note = ""
    if item.is_open:
        note = (
            say(", ends {until}", until=until(item.ends_on, view.today))
            if item.state == "in force"
            else say(", begins {until}", until=until(item.starts_on, view.today))
        )
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(
            say(
                "**{delegate} for {away}** {badge}  \n:small[:gray[{what}{reason}]]",
                delegate=plain(item.delegate),
                away=plain(item.away),
                badge=_MARKS[item.state].badge,
                what=plain(
                    say(
                        "{role} on {where} · {days}{note}",
                        role=item.role.title,
                        where=where,
                        days=days,
                        note=note,
                    )
                ),
                reason=plain(f" · {item.reason}") if item.reason else "",
            ),
            width="content",
            anchors=False,
        )
        if may_end and item.is_open and st.button(say("End it now"), key=f"end:{place}:{item.id}"):
            perform(actions.end, done=say("It has ended."), delegation_id=item.id)


def _everybody(view: Absence) -> None:
    mine = {item.id for item in (*view.mine, *view.for_others)}
    everybody = cache.read(queries.all_absences, ORGANISATION, by=identity.actor(), at=identity.this_hour())
    _listed(say("Everybody else"), [item for item in everybody if item.id not in mine], view, may_end=True)
