"""The portfolio at a glance: what is ready, what is stuck, on whom and since when."""

from __future__ import annotations

from datetime import date, datetime

import streamlit as st

from lifecycle.errors import Refused
from lifecycle.language import counted, say, say_count, written_number
from lifecycle.queries import portfolio_overview as queries
from lifecycle.queries.portfolio import EVERYTHING, UNMAPPED, Filters
from lifecycle.queries.portfolio_overview import Overview, StageCount
from lifecycle.ui import cache, charts, components, identity, standing, upkeep
from lifecycle.ui.charts import Bar
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import portfolio_day, portfolio_filters, portfolio_maps, portfolio_table
from lifecycle.ui.views import portfolio_words as words
from lifecycle.vocabulary import Actor, Level, OrganisationRole, ProjectStatus, Role, Stage

_ROLES = frozenset(Role)


def show() -> None:
    """The whole page."""
    by, now = identity.actor(), identity.now()
    today = upkeep.today(now)
    upkeep.bring_standing_up_to_date(now)
    if not any_projects(by):
        _empty(by)
        return
    with st.container(key="portfolio_head"):
        head = st.container()
        as_of = portfolio_day.chosen(today)
        if as_of is not None and (sentence := _unknown(by, as_of)):
            with head:
                components.page_header(say("Portfolio"))
                st.warning(components.plain(sentence), icon=":material/history_toggle_off:")
                portfolio_day.bar(as_of, today)
            return
        filters = portfolio_filters.bar(cache.read(queries.choices, by=by, as_of=as_of), as_of, today)
    found = portfolio_maps.glance(by, as_of or today, filters, as_of).overview
    seen = portfolio_day.moment(as_of, now)
    with head:
        components.page_header(
            words.on_day(say("Portfolio"), as_of), actions=lambda: portfolio_day.downloads(as_of)
        )
        portfolio_day.note(as_of)
        st.markdown(components.plain(words.headline(found, seen)), anchors=False)
        components.key_figures(_figures(found, seen))
    if not found.total:
        _nothing_matches(filters)
        return
    portfolio_maps.show(found, filters, by, seen, as_of)
    with st.grid(2, min_column_width=360, gap="large"):
        with st.container():
            _funnel(found, as_of)
        with st.container():
            _causes(found, as_of)
    _waits(found, seen, as_of)
    portfolio_table.show(found, filters, by, seen, as_of)


def any_projects(by: Actor) -> bool:
    """Whether this person sees any project today: else every page of the portfolio says what to do next."""
    choices = cache.read(queries.choices, by=by)
    return bool(choices.assessed or choices.not_assessed)


def _unknown(by: Actor, as_of: date) -> str:
    """Why that day cannot be shown; empty where it can."""
    try:
        cache.read(queries.choices, by=by, as_of=as_of)
    except Refused as refused:
        return str(refused)
    return ""


def _empty(by: Actor) -> None:
    components.page_header(say("Portfolio"))
    if by.organisation_role is OrganisationRole.ADMINISTRATOR:
        text = say("Register the first project, or bring in a register that already lists some under Import.")
    else:
        text = say(
            "You see the projects you have a role on. Register one, or ask a product manager for a role."
        )
    components.empty_state(
        say("No projects yet"), text, icon="grid_view", action=say("Register a project"), to="new-project"
    )


def _nothing_matches(filters: Filters) -> None:
    if filters != EVERYTHING:
        st.info(say("No project matches these filters."), icon=":material/filter_alt:")
        st.button(say("Show all projects"), on_click=portfolio_filters.clear, key="show_all")


def _figures(found: Overview, now: datetime) -> list[tuple[str, str, str]]:
    """Five numbers; those of standing are left out where nothing is assessed."""
    of = say_count("in {number:,} organisation", "in {number:,} organisations", found.organisations)
    figures = [(say("Projects"), _figure(found.total), of)]
    if not found.running:
        return [*figures, *_register_figures(found)]
    longest = found.waits[0] if found.waits else None
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    blocked, waiting = found.levels[Level.BLOCKED], found.levels[Level.WAITING]
    return [
        *figures,
        (
            say("Ready"),
            _figure(ready),
            say("{conditional:,} more with conditions", conditional=found.levels[Level.CONDITIONAL]),
        ),
        (
            say("Blocked"),
            _figure(blocked),
            _longest(found.stuck.since, now) if found.stuck else say("nothing is stuck"),
        ),
        (
            say("Wait for sign-offs"),
            _figure(waiting),
            _longest(longest.since, now) if longest else say("nobody asked"),
        ),
        (say("Overdue"), _figure(found.overdue), say("{stale:,} with stale sign-offs", stale=found.stale)),
    ]


def _figure(number: int) -> str:
    return written_number(f"{number:,}")


def _longest(since: datetime, now: datetime) -> str:
    return say("longest {days}", days=counted(words.days_since(since, now), "day"))


def _register_figures(found: Overview) -> list[tuple[str, str, str]]:
    def count(status: ProjectStatus) -> int:
        return sum(stage.by_status[status] for stage in found.stages if stage.stage)

    unmapped = next(stage.total for stage in found.stages if stage.stage is None)
    return [
        (say("Rolling out"), _figure(count(ProjectStatus.ROLLOUT)), say("says the register")),
        (say("Live"), _figure(count(ProjectStatus.LIVE)), say("says the register")),
        (say("Retired"), _figure(count(ProjectStatus.RETIRED)), say("says the register")),
        (say("Not placed yet"), _figure(unmapped), say("no known stage word")),
    ]


# ------------------------------------------------------------------ funnel


def _funnel(found: Overview, as_of: date | None) -> None:
    st.header(words.on_day(say("Stages"), as_of), anchor=False)
    sentence = words.funnel_sentence(found)
    st.markdown(components.plain(sentence), anchors=False)
    stages = [stage for stage in found.stages if stage.stage or stage.total]
    pieces = [piece for stage in stages for piece in _stage_bar(stage)]
    _chart("funnel", pieces, sentence, portfolio_filters.IN_STAGE)
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Stage"): [_stage_head(stage.stage) for stage in stages],
                say("Projects"): [stage.total for stage in stages],
                **{
                    _status_word(status): [stage.by_status[status] for stage in stages]
                    for status in ProjectStatus
                },
                say("Assessed here"): [stage.assessed for stage in stages],
            },
            hide_index=True,
            alt=say("Projects by stage and status"),
        )


def _stage_bar(stage: StageCount) -> list[Bar]:
    label = _stage_head(stage.stage)
    pieces = [
        Bar(
            label,
            stage.by_status[status],
            say(
                "{stage}: {count:,} {status}",
                stage=label,
                count=stage.by_status[status],
                status=_status_word(status).lower(),
            ),
            _bar_mark(stage, status),
            _STRENGTHS[status],
            _status_word(status) if status is not ProjectStatus.ACTIVE else "",
            (stage.stage.value if stage.stage else UNMAPPED,),
        )
        for status in ProjectStatus
        if stage.by_status[status]
    ]
    return pieces or [Bar(label, 0, say("{stage}: none", stage=label), standing.NOT_ASSESSED)]


# One neutral hue: where a project stands is no judgement, and what a register calls live must not look signed.
_STRENGTHS = {
    ProjectStatus.ACTIVE: 1.0,
    ProjectStatus.ROLLOUT: 0.4,
    ProjectStatus.LIVE: 1.0,
    ProjectStatus.RETIRED: 0.6,
    ProjectStatus.STOPPED: 0.6,
}


def _bar_mark(stage: StageCount, status: ProjectStatus) -> Mark:
    if stage.stage is None or status in (ProjectStatus.RETIRED, ProjectStatus.STOPPED):
        return standing.RETIRED
    return standing.STATUSES[ProjectStatus.ACTIVE]


def _status_word(status: ProjectStatus) -> str:
    return say(standing.STATUSES[status].word)


def _stage_head(stage: Stage | None) -> str:
    return stage.title if stage else say("Not placed yet")


def _chart(key: str, pieces: list[Bar], sentence: str, narrows: str) -> None:
    """Bars; choosing one narrows the page to its projects."""
    st.plotly_chart(
        charts.bars(pieces, dark=portfolio_maps.is_dark()),
        key=key,
        on_select=lambda: _narrow(key, pieces, narrows),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )


def _narrow(key: str, pieces: list[Bar], narrows: str) -> None:
    chosen = portfolio_maps.chosen_point(key)
    if chosen is not None and chosen < len(pieces) and pieces[chosen].links:
        portfolio_filters.choose(narrows, pieces[chosen].links[0])


# ------------------------------------------------------------------ causes and waits


def _causes(found: Overview, as_of: date | None) -> None:
    st.header(words.on_day(say("What stands in the way"), as_of), anchor=False)
    sentence = words.causes_sentence(found) if found.running else say("Nothing here is assessed yet.")
    st.markdown(components.plain(sentence), anchors=False)
    if not found.causes:
        return
    pieces = [_cause_bar(cause, count) for cause, count in found.causes.items()]
    _chart("causes", pieces, sentence, portfolio_filters.CAUSE)
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Cause"): [piece.label for piece in pieces],
                say("Projects held up"): [piece.value for piece in pieces],
            },
            hide_index=True,
            alt=say("Projects held up by each cause"),
        )


def _cause_bar(cause: str, count: int) -> Bar:
    title = words.cause_title(cause)
    is_role = cause in _ROLES
    mark = standing.LEVELS[Level.WAITING if is_role else Level.BLOCKED]
    projects = counted(count, "project")
    said = (
        say("{projects}: {role} has to act", projects=projects, role=title)
        if is_role
        else say("{projects}: {cause}", projects=projects, cause=title)
    )
    return Bar(title, count, said, mark, text="…" if is_role else "✕", links=(cause,))


def _waits(found: Overview, now: datetime, as_of: date | None) -> None:
    if not found.waits:
        return
    st.header(words.on_day(say("Who is being waited for"), as_of), anchor=False)
    st.markdown(components.plain(words.roles_sentence(found, now)), anchors=False)
    st.dataframe(
        {
            say("Longest"): [wait.name for wait in found.waits],
            say("Role"): [wait.role.title for wait in found.waits],
            say("Projects"): [wait.projects for wait in found.waits],
            say("Days"): [words.days_since(wait.since, now) for wait in found.waits],
            say("Since"): [wait.since.date() for wait in found.waits],
        },
        hide_index=True,
        alt=say(
            "Roles that projects wait for, the longest wait first; the first column opens who waits longest"
        ),
        column_config={
            say("Longest"): components.opening_column("waits:open", [wait.key for wait in found.waits]),
            say("Since"): st.column_config.DateColumn(format="YYYY-MM-DD"),
        },
    )
