"""Conditions: what a decision asked for, who owes it and by when; adding, meeting and dropping one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from lifecycle.actions import gates as actions
from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.queries.records import ConditionView
from lifecycle.ui import state
from lifecycle.ui.components import exact, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.vocabulary import Gate

_WHOLE_DAY = 180  # pixels: a narrower column cuts the day off, beside the button that clears it


def show(
    conditions: Sequence[ConditionView],
    *,
    today: date,
    may_meet: bool,
    may_drop: bool,
    may_reopen: bool = False,
) -> None:
    """Open ones with their forms, then those that were met or dropped."""
    for condition in conditions:
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"{_mark(condition, today)} {plain(condition.text)}", anchors=False)
            asked = condition.role.title if condition.role else say("The gate")
            st.caption(
                plain(
                    say(
                        "{asked} at {gate} · {owner} sees to it · due {due_on}",
                        asked=asked,
                        gate=condition.gate.title,
                        owner=condition.owner,
                        due_on=condition.due_on,
                    )
                )
            )
            if condition.state != "open":
                _closed(condition)
                if may_reopen and condition.state == "met":
                    _reopen(condition, today)
            elif may_meet or may_drop:
                _forms(condition, may_meet=may_meet, may_drop=may_drop)


def _mark(condition: ConditionView, today: date) -> str:
    if condition.state == "met":
        return say(":green-badge[:material/check_circle: Met]")
    if condition.state == "withdrawn":
        return say(":gray-badge[:material/undo: Dropped]")
    colour = "red" if condition.is_overdue else "orange"
    icon = "alarm" if condition.is_overdue else "rule"
    return f":{colour}-badge[:material/{icon}: {until(condition.due_on, today)}]"


def _closed(condition: ConditionView) -> None:
    if condition.state == "met" and condition.met_at:
        st.caption(
            plain(
                say(
                    "Met by {person}, {moment}: {proof}",
                    person=condition.met_by,
                    moment=exact(condition.met_at),
                    proof=condition.proof,
                )
            )
        )
    elif condition.proof:
        st.caption(plain(say("Dropped: {proof}", proof=condition.proof)))


def _forms(condition: ConditionView, *, may_meet: bool, may_drop: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        if may_meet:
            with (
                st.popover(say("Met"), icon=":material/check:"),
                st.form(f"meet:{condition.id}", border=False),
            ):
                proof = st.text_area(say("What shows that it is met"), key=f"meet:{condition.id}:proof")
                if st.form_submit_button(say("Record that it is met"), type="primary"):
                    perform(
                        actions.meet_condition,
                        done=say("The condition is met."),
                        condition_id=condition.id,
                        proof=proof,
                    )
        if may_drop:
            with (
                st.popover(say("Drop"), icon=":material/undo:"),
                st.form(f"drop:{condition.id}", border=False),
            ):
                reason = st.text_area(say("Why it is no longer asked for"), key=f"drop:{condition.id}:reason")
                if st.form_submit_button(say("Drop the condition")):
                    perform(
                        actions.withdraw_condition,
                        done=say("The condition was dropped; it stays in the record."),
                        condition_id=condition.id,
                        reason=reason,
                    )


def _reopen(condition: ConditionView, today: date) -> None:
    """For whoever set it, when the proof does not show it."""
    key = f"reopen:{condition.id}"
    with st.popover(say("Open again"), icon=":material/replay:"), st.form(key, border=False):
        reason = st.text_area(say("What the proof does not show"), key=f"{key}:reason")
        due_on = st.date_input(
            say("By when now"),
            value=None,
            min_value=today,
            format="YYYY-MM-DD",
            key=f"{key}:due",
            help=say("Needed once its day has passed."),
        )
        if st.form_submit_button(say("Open the condition again")):
            perform(
                actions.reopen_condition,
                done=say("The condition is owed again."),
                condition_id=condition.id,
                reason=reason,
                due_on=due_on,
            )


def add(project_id: int, gate: Gate, people: Mapping[str, str]) -> None:
    """A condition of the gate itself."""
    with (
        st.expander(say("Add a condition"), icon=":material/add:"),
        st.form(f"condition:{gate}", border=False, enter_to_submit=False),
    ):
        form = f"condition:{gate}"
        text, owner, due_on = condition_fields(state.fresh(form), people)
        submitted = st.form_submit_button(say("Add condition"))
        if not submitted:
            return
        if due_on is None:
            refusal(Invalid({"due date": say("Say by when it has to be met.")}))
            return
        perform(
            actions.add_condition,
            done=say("The condition was added."),
            clears=form,
            project_id=project_id,
            gate=gate,
            text=text,
            owner=owner,
            due_on=due_on,
        )


def condition_fields(key: str, people: Mapping[str, str]) -> tuple[str, str, date | None]:
    """The three inputs of a condition inside a form: text, owner (a person's key or a name), day."""
    text = st.text_input(say("What has to be done"), key=f"{key}:text")
    with st.grid(2, min_column_width=_WHOLE_DAY):
        owner = st.selectbox(
            say("Who sees to it"),
            list(people),
            index=None,
            format_func=lambda person: people.get(person, person),
            key=f"{key}:owner",
            placeholder=say("Choose, or type a name"),
            accept_new_options=True,
        )
        due_on = st.date_input(say("By when"), value=None, format="YYYY-MM-DD", key=f"{key}:due")
    return text, owner or "", due_on
