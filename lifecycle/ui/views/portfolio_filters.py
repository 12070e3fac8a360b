"""The filter bar of the portfolio. Every filter stands in the address, so that a view can be kept and sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import parse_qsl

import streamlit as st

from lifecycle.language import LANGUAGES, say, speaking
from lifecycle.queries.portfolio import NO_TIER, NOT_ASSESSED, UNMAPPED, Filters
from lifecycle.queries.portfolio_overview import Choices
from lifecycle.ui import navigation, standing, state
from lifecycle.ui.views import portfolio_day, saved_filters
from lifecycle.ui.views.portfolio_words import cause_title
from lifecycle.vocabulary import Area, Level, ProjectStatus, Stage, reviewers

HERE, REGISTER, ALL = "here", "register", "all"
# Keys of widgets are also the words in the address.
FIND, UNIT, IN_STAGE, STANDING, WAITS_FOR, CAUSE, TIER, DOING, SHOW = (
    "find",
    "unit",
    "in_stage",
    "standing",
    "waits_for",
    "held_up_by",
    "risk_tier",
    "doing",
    "show",
)
_CHOSEN = (FIND, UNIT, IN_STAGE, STANDING, WAITS_FOR, CAUSE, TIER, DOING)
Words = dict[str, str]  # what can be chosen, with how it is said


def bar(choices: Choices, as_of: date | None, today: date) -> Filters:
    """Draw the bar with the day; returns what is chosen. Unknown words in the address count as nothing chosen."""
    origin = _origin(choices)
    with st.grid(6, min_column_width=140, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            say("Find"), key=FIND, placeholder=say("Name or organisation"), bind="query-params"
        )
        unit = _pick(UNIT, say("Organisation"), lambda: {name: name for name in choices.organisations})
        stage = _pick(IN_STAGE, say("Stage"), _stages)
        level = _pick(STANDING, say("Standing"), _levels)
        portfolio_day.bar(as_of, today)
        with st.popover(_more_label(), icon=":material/tune:"):
            role = _pick(WAITS_FOR, say("Waits for"), _roles)
            cause = _pick(CAUSE, say("Held up by"), _causes)
            tier = _pick(TIER, say("Risk tier"), _tiers)
            status = _pick(DOING, say("Status"), _statuses)
        if any(state.value(key) for key in _CHOSEN):
            st.button(say("Clear"), icon=":material/filter_alt_off:", type="tertiary", on_click=clear)
        saved_filters.menu(query(), use)
    return Filters(
        text=text or "",
        organisation=unit,
        stage=stage,
        level=level,
        role=role,
        cause=cause,
        tier=tier,
        status=status,
        origin="" if origin == ALL else origin,
    )


def short_bar(choices: Choices) -> Filters:
    """The filters of the pages beside the overview: which projects, wherever they stand."""
    with st.grid(3, min_column_width=150, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            say("Find"), key=FIND, placeholder=say("Name or organisation"), bind="query-params"
        )
        unit = _pick(UNIT, say("Organisation"), lambda: {name: name for name in choices.organisations})
        stage = _pick(IN_STAGE, say("Stage"), _stages)
    return Filters(text=text or "", organisation=unit, stage=stage, origin="here")


def query() -> str:
    """What is chosen, as it stands in the address; without the day, because a kept view is of every day."""
    return navigation.query_text(**{key: state.value(key) or None for key in (*_CHOSEN, SHOW)})


def use(text: str) -> None:
    """Choose what a kept query says and nothing else: a callback."""
    said = dict(parse_qsl(text))
    for key in (*_CHOSEN, SHOW):
        state.put(key, said.get(key, "" if key == FIND else HERE if key == SHOW else None))


def clear() -> None:
    """Back to everything: a callback, before the widgets are drawn."""
    for key in _CHOSEN:
        state.put(key, "" if key == FIND else None)


def choose(key: str, word: str | None) -> None:
    """Set one filter from a chart: a callback."""
    state.put(key, word)


def _origin(choices: Choices) -> str:
    """Assessed here, from registers, or all: asked only when there are both."""
    if not choices.assessed or not choices.not_assessed:
        return ALL

    def words() -> Words:
        return {
            HERE: say("Assessed here {count:,}", count=choices.assessed),
            REGISTER: say("From registers {count:,}", count=choices.not_assessed),
            ALL: say("All {count:,}", count=choices.assessed + choices.not_assessed),
        }

    _hear(SHOW, words)
    counts = words()
    return (
        st.radio(
            say("Which projects"),
            list(counts),
            format_func=lambda word: counts.get(word, word),
            key=SHOW,
            horizontal=True,
            label_visibility="collapsed",
            bind="query-params",
        )
        or HERE
    )


def _pick(key: str, label: str, words: Callable[[], Words]) -> str:
    _hear(key, words)
    said = words()
    found = st.selectbox(
        label,
        list(said),
        index=None,
        format_func=lambda word: said.get(word, word),
        key=key,
        placeholder=say("Any"),
        bind="query-params",
    )
    return found if found in said else ""


def _hear(key: str, words: Callable[[], Words]) -> None:
    """Take over what the address says in another language: Streamlit writes there what it shows, and reads only that.

    An address that somebody sends works for whoever reads it, and still does after a change of language.
    """
    found = navigation.here(key)
    if found is None or state.has(key) or found in words().values():
        return
    for language in LANGUAGES:
        with speaking(language):
            meant = next((word for word, said in words().items() if said == found), None)
        if meant is not None:
            state.put(key, meant)
            return


def _more_label() -> str:
    used = sum(bool(state.value(key)) for key in (WAITS_FOR, CAUSE, TIER, DOING))
    return say("More ({used})", used=used) if used else say("More")


def _stages() -> Words:
    return {**{stage.value: stage.title for stage in Stage}, UNMAPPED: say("Not placed yet")}


def _levels() -> Words:
    levels = {level.value: say(standing.LEVELS[level].word) for level in Level}
    return {**levels, NOT_ASSESSED: say("Not assessed here")}


def _tiers() -> Words:
    return {**{str(tier): say("Tier {tier}", tier=tier) for tier in range(1, 5)}, NO_TIER: say("No tier")}


def _statuses() -> Words:
    return {status.value: say(standing.STATUSES[status].word) for status in ProjectStatus}


def _roles() -> Words:
    return {role.value: role.title for role in reviewers()}


def _causes() -> Words:
    return {word: cause_title(word) for word in (*(area.value for area in Area), *_roles())}
