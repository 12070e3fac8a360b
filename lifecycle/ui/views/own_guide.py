"""What the organisation adds to the guide, written on screen: its questions, roles and thresholds."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import partial

import streamlit as st

from lifecycle.actions import own_guides as actions
from lifecycle.errors import Invalid
from lifecycle.language import mark, say
from lifecycle.own_guide import OwnGuide, OwnQuestion, OwnRole, questions, with_threshold, without_question
from lifecycle.queries import own_guides as queries
from lifecycle.queries.own_guides import OwnGuideView
from lifecycle.ui import cache, components, identity, state
from lifecycle.ui.components import plain
from lifecycle.ui.perform import attempt, draw_again
from lifecycle.ui.views import own_question, own_role
from lifecycle.vocabulary import OWN_ROLES, plain_number

_THRESHOLD = "own:threshold"
# How people call them; one that a guide of your own has besides goes by its name in the file.
THRESHOLDS = {
    "actionable_share": mark("Actionable share"),
    "agreement_months_after_live": mark("Agreement months after live"),
    "change_assessed_days": mark("Change assessed days"),
    "cost_ratio": mark("Cost ratio"),
    "trained_share": mark("Trained share"),
    "test_score_tier_1": mark("Test score tier 1"),
    "test_score_tier_2": mark("Test score tier 2"),
    "test_score_tier_3": mark("Test score tier 3"),
    "test_score_tier_4": mark("Test score tier 4"),
    "history_horizons": mark("History horizons"),
    "value_after_months": mark("Value after months"),
    "value_share": mark("Value share"),
    "go_live_moved_days": mark("Go live moved days"),
    "overturned_percent": mark("Overturned percent"),
    "unscorable_percent": mark("Unscorable percent"),
    "build_years": mark("Build years"),
    "incident_open_days": mark("Incident open days"),
    "funding_months_after_live": mark("Funding months after live"),
    "incident_reporting_regimes": mark("Incident reporting regimes"),
    "review_grace_days": mark("Review grace days"),
    "longest_wait_on_the_spot": mark("Longest wait on the spot"),
    "longest_wait_minutes": mark("Longest wait minutes"),
    "monthly_uses_on_the_spot": mark("Monthly uses on the spot"),
    "monthly_uses_minutes": mark("Monthly uses minutes"),
    "monthly_uses_daily": mark("Monthly uses daily"),
    "monthly_uses_weekly": mark("Monthly uses weekly"),
    "monthly_uses_monthly": mark("Monthly uses monthly"),
    "working_hours_month": mark("Working hours month"),
}


def show() -> None:
    """The section of the settings page; only administrators get that far."""
    st.header(say("Your own guide"), anchor=False)
    st.caption(
        say(
            "Added to the guide for projects that begin from now on. Projects under way go "
            "on by the version they began "
            "with; their overview shows what the new one would change, and moves them on."
        )
    )
    view = cache.read_now(queries.view, by=identity.actor(), shipped=cache.shipped_guide())
    if view.misfit:
        st.warning(
            say(
                "What was added here is not in force, because it no longer fits the guide's files: {misfit}",
                misfit=plain(view.misfit),
            ),
            icon=":material/warning:",
        )
    if view.own is None:
        return
    _questions(view, view.own)
    _roles(view, view.own)
    _thresholds(view, view.own)


def save(view: OwnGuideView, own: OwnGuide, done: str, form: str = "") -> None:
    """Put it in force and say so; a refusal stands beside the form, which keeps what was typed."""
    before = cache.current_guide().version
    outcome = attempt(actions.save, shipped=cache.shipped_guide(), own=own, base=view.revision)
    if outcome.refusal is not None:
        components.refusal(outcome.refusal)
        return
    if form:
        state.renew(form)
    if outcome.value != before:
        done = f"{done} {say('New projects go by version {version}.', version=outcome.value)}"
    state.flash("success", done)
    draw_again()


# ------------------------------------------------------------------ questions


def _questions(view: OwnGuideView, own: OwnGuide) -> None:
    st.subheader(say("Questions"), anchor=False)
    found = questions(own)
    if not found:
        st.caption(say("None of your own yet."))
    for question in found:
        with st.container(border=True, gap="small"):
            _question(view, own, question)
    with st.expander(say("Add a question"), icon=":material/add:", key="own:add", on_change="rerun") as fold:
        if fold.open:
            own_question.form(own, None, partial(save, view))


def _question(view: OwnGuideView, own: OwnGuide, question: OwnQuestion) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(own_question.in_words(question), width="stretch", anchors=False)
        editing = f"own:editing:{question.id}"
        if st.button(
            say("Close") if state.value(editing) else say("Change"),
            key=f"own:change:{question.id}",
            icon=":material/close:" if state.value(editing) else ":material/edit:",
        ):
            state.put(editing, not state.value(editing))
            draw_again()
        with st.popover(say("Remove"), icon=":material/delete:", key=f"own:remove:{question.id}"):
            st.markdown(
                say(
                    "Projects that go by an earlier version are still asked it, and answers stay in the history. "
                    "Its number is not given to another question."
                )
            )
            if st.button(say("Remove it"), key=f"own:remove:{question.id}:press", type="primary"):
                save(
                    view,
                    without_question(own, question.id),
                    say("{question_id} is asked no more.", question_id=question.id),
                )
    if state.value(editing):
        own_question.form(own, question, partial(save, view))


# ------------------------------------------------------------------ roles


def _roles(view: OwnGuideView, own: OwnGuide) -> None:
    st.subheader(say("Roles that sign off"), anchor=False)
    by_file = cache.shipped_guide().policy.own_roles
    if not own.roles:
        st.caption(say("None of your own yet: the guide's six reviewers and the approver sign."))
    for role in own.roles:
        with st.container(border=True, gap="small"):
            editing = f"own:editing:{role.id.value}"
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(own_role.in_words(role), width="stretch", anchors=False)
                if st.button(
                    say("Close") if state.value(editing) else say("Change"),
                    key=f"own:change:{role.id.value}",
                    icon=":material/close:" if state.value(editing) else ":material/edit:",
                ):
                    state.put(editing, not state.value(editing))
                    draw_again()
            if state.value(editing):
                own_role.form(own, role, partial(save, view))
    free = [role for role in OWN_ROLES if role not in by_file and role not in {each.id for each in own.roles}]
    if not free:
        st.caption(say("All four are taken."))
        return
    with st.expander(say("Add a role"), icon=":material/add:", key="own:add_role", on_change="rerun") as fold:
        if fold.open:
            own_role.form(own, OwnRole(id=free[0], title="?"), partial(save, view), is_new=True)


# ------------------------------------------------------------------ thresholds


def _thresholds(view: OwnGuideView, own: OwnGuide) -> None:
    st.subheader(say("Thresholds"), anchor=False)
    shipped = cache.shipped_guide().thresholds
    if not own.thresholds:
        st.caption(
            say(
                "All as the guide has them. The Guide page lists them, with the checks that compare with them."
            )
        )
    for name, value in own.thresholds.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                say(
                    "**{title}:** {value}  \n:small[:gray[the guide says {shipped}]]",
                    title=plain(_title(name)),
                    value=plain(_said(value)),
                    shipped=plain(_said(shipped.get(name, ""))),
                ),
                width="stretch",
                anchors=False,
            )
            if st.button(say("As in the guide"), key=f"own:threshold:{name}:back", icon=":material/undo:"):
                save(
                    view,
                    with_threshold(own, name, None),
                    say("{title} is as in the guide again.", title=_title(name)),
                )
    with st.expander(say("Set a threshold"), icon=":material/tune:"):
        _set_threshold(view, own)


def _set_threshold(view: OwnGuideView, own: OwnGuide) -> None:
    shipped = cache.shipped_guide().thresholds
    key = state.fresh(_THRESHOLD)
    name = st.selectbox(
        say("Threshold"),
        list(shipped),
        format_func=_title,
        index=None,
        key=key,
        placeholder=say("Choose"),
        width=420,
    )
    if name is None:
        return
    now = own.thresholds.get(name, shipped[name])
    is_number = isinstance(shipped[name], Decimal)
    text = st.text_input(
        say("Number") if is_number else say("Words, with commas between them"),
        key=state.widget_key(key, name),
        placeholder=_said(now),
        width=420,
    )
    st.caption(plain(say("Now {value}.", value=_said(now))))
    if not st.button(say("Save the threshold"), key=f"{key}:save", type="primary", icon=":material/save:"):
        return
    try:
        value = _number(text or "") if is_number else _words(text or "")
    except Invalid as error:
        components.refusal(error)
        return
    save(
        view,
        with_threshold(own, name, value),
        say("{title} is {value} now.", title=_title(name), value=_said(value)),
        _THRESHOLD,
    )


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < 1_000_000_000:
        raise Invalid({"number": say("“{text}” is no number from 0 up, such as 0.5 or 12.", text=text)})
    return value


def _words(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise Invalid({"words": say("Write at least one word.")})
    return words


def _title(name: str) -> str:
    return say(THRESHOLDS[name]) if name in THRESHOLDS else name.replace("_", " ").capitalize()


def _said(value: Decimal | tuple[str, ...] | str) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return plain_number(value) if isinstance(value, Decimal) else value
