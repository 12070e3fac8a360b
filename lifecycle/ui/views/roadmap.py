"""The roadmap: every project against its dates, what will be late and by how much, and whom to ask by when."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.language import counted, mark, say, say_count, written_number
from lifecycle.queries import portfolio_overview
from lifecycle.queries import roadmap as queries
from lifecycle.queries.roadmap import Roadmap, RoadmapLine, StageAge
from lifecycle.rules.planning import ReviewPlan
from lifecycle.ui import cache, charts, components, identity, navigation, standing, state, upkeep
from lifecycle.ui.charts import Dot, Moment, Percentiles, Span
from lifecycle.ui.components import plain
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import plan, portfolio_filters
from lifecycle.ui.views.portfolio_maps import chosen_mark, is_dark
from lifecycle.ui.views.portfolio_words import in_line
from lifecycle.ui.views.schedule import TIMINGS

_ROWS, _MOST_ASKS = 25, 60
_CHART, _AGES, _PAGE = "roadmap:chart", "roadmap:ages", "roadmap_page"
_OPEN, _OPEN_ASK, _OPEN_AGE = "roadmap:open", "roadmap:ask", "roadmap:age"
LATE = Mark(mark("Late"), "red", "alarm")
AT_RISK = Mark(mark("May be late"), "orange", "hourglass_bottom")
IN_TIME = Mark(mark("In time"), "green", "check_circle")
UNDATED = Mark(mark("No date"), "gray", "event_busy")


def show() -> None:
    """The whole page."""
    by, now = identity.actor(), identity.now()
    today = upkeep.today(now)
    upkeep.bring_standing_up_to_date(now)
    choices = cache.read(portfolio_overview.choices, by=by)
    components.page_header(
        say("Roadmap"),
        about=say(
            "Running projects on their way to go-live: their dates, the forecast and whom to ask by when."
        ),
    )
    if not choices.assessed:
        components.empty_state(
            say("Nothing on its way yet"),
            say(
                "The roadmap shows projects that are assessed here and not live yet; register one to plan it."
            ),
            icon="view_timeline",
            action=say("Register a project"),
            to="new-project",
        )
        return
    filters = portfolio_filters.short_bar(choices)
    found = cache.read_with_guide(
        queries.roadmap, by=by, today=today, observed=plan.observed(), filters=filters
    )
    if not found.lines:
        st.info(say("No project on its way to go-live matches these filters."), icon=":material/filter_alt:")
        return
    sentence = headline(found)
    st.markdown(plain(sentence), anchors=False)
    components.key_figures(_figures(found))
    _time_line(found, sentence)
    _asks(found)
    _ages(found)


def headline(found: Roadmap) -> str:
    """What will be late, by how much."""
    dated = [line for line in found.lines if line.go_live]
    late = [line for line in dated if line.days_late]
    without = len(found.lines) - len(dated)
    if not dated:
        return say(
            "None of {projects} has a go-live date, so nothing can be called late. Set one in a "
            "project’s plan.",
            projects=counted(len(found.lines), "project"),
        )
    if not late:
        text = say(
            "None of {projects} with a go-live date is forecast to miss it.",
            projects=counted(len(dated), "project"),
        )
    else:
        worst = late[0]
        text = say_count(
            "{number:,} of {projects} with a go-live date is forecast to miss it; {worst} the most, by {days}.",
            "{number:,} of {projects} with a go-live date are forecast to miss it; {worst} the most, by {days}.",
            len(late),
            projects=counted(len(dated), "project"),
            worst=worst.name,
            days=counted(worst.days_late or 0, "working day"),
        )
    if not without:
        return text
    undated = say_count(
        "{number:,} more project has no date.", "{number:,} more projects have no date.", without
    )
    return f"{text} {undated}"


def mark_of(line: RoadmapLine) -> Mark:
    """Late at the usual pace, late only when it goes slowly, in time, or without a date to be late for."""
    if line.days_late is None:
        return UNDATED
    if line.days_late:
        return LATE
    return AT_RISK if line.days_late_safe else IN_TIME


def _figures(found: Roadmap) -> list[tuple[str, str, str]]:
    marks = [mark_of(line) for line in found.lines]
    too_late = [ask for _, ask in found.asks if ask.timing.is_late]
    return [
        (
            say("On their way"),
            _figure(len(found.lines)),
            counted(marks.count(UNDATED), "without a date", "without a date"),
        ),
        (say("Forecast late"), _figure(marks.count(LATE)), say("at the usual pace")),
        (say("May be late"), _figure(marks.count(AT_RISK)), say("at a slow pace")),
        (
            say("Gate date passed"),
            _figure(sum(line.gate_overdue > 0 for line in found.lines)),
            say("of the gate ahead"),
        ),
        (say("Reviews too late"), _figure(len(too_late)), say("for the gate ahead")),
    ]


def _figure(number: int) -> str:
    return written_number(f"{number:,}")


# ------------------------------------------------------------------ the picture


def _time_line(found: Roadmap, sentence: str) -> None:
    st.header(say("Dates and forecast"), anchor=False)
    last = max(1, -(-len(found.lines) // _ROWS))
    page = min(int(state.value(_PAGE) or 1), last)
    lines = found.lines[(page - 1) * _ROWS : page * _ROWS]
    spans, moments = _spans(found, lines), _moments(lines)
    st.plotly_chart(
        charts.time_line(spans, moments, today=found.today, dark=is_dark()),
        key=_CHART,
        on_select=lambda: _open_mark([spans, moments]),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    legend = " ".join(mark.badge for mark in (LATE, AT_RISK, IN_TIME, UNDATED))
    key = say(
        "Solid to the likely go-live (P50), light to the safe one (P85). ◆ target date of a gate, "
        "★ planned go-live. Choose a mark to open its project."
    )
    st.markdown(f"{legend} :small[:gray[{key}]]", anchors=False)
    if last > 1:
        if (state.value(_PAGE) or 1) > last:
            state.put(_PAGE, last)
        st.pagination(last, key=_PAGE)
    _table(lines)


def _label(lines: tuple[RoadmapLine, ...], line: RoadmapLine) -> str:
    """Names are shown; of two alike the key tells which."""
    same = sum(each.name == line.name for each in lines) > 1
    return f"{line.name} ({line.key})" if same else line.name


def _spans(found: Roadmap, lines: tuple[RoadmapLine, ...]) -> list[Span]:
    spans = []
    for line in lines:
        mark, label = mark_of(line), _label(lines, line)
        said = f"<b>{charts.as_text(line.name)}</b><br>{_late_words(line)}"
        likely, safe = line.forecast.likely_on, line.forecast.safe_on
        text = say("{days} d late", days=line.days_late) if line.days_late else ""
        spans.append(
            Span(
                label,
                found.today,
                likely,
                f"{said}<br>{say('likely {day}', day=likely)}",
                mark,
                1.0,
                text,
                (line.key,),
            )
        )
        spans.append(
            Span(
                label,
                likely,
                safe,
                f"{said}<br>{say('safe {day}', day=safe)}",
                mark,
                charts.LIGHT,
                "",
                (line.key,),
            )
        )
    return spans


def _moments(lines: tuple[RoadmapLine, ...]) -> list[Moment]:
    found = []
    for line in lines:
        label, name = _label(lines, line), charts.as_text(line.name)
        for each in line.gates:
            if not each.is_derived:
                words = say("{gate} gate: {day}", gate=each.gate.title, day=each.on)
                hover = f"<b>{name}</b><br>{words}"
                found.append(Moment(label, each.on, hover, UNDATED, links=(line.key,), is_hollow=True))
        if line.go_live:
            words = say("Go-live planned for {day}", day=line.go_live)
            hover = f"<b>{name}</b><br>{words}"
            found.append(
                Moment(label, line.go_live, hover, mark_of(line), "star", (line.key,), is_hollow=True)
            )
    return found


def _late_words(line: RoadmapLine) -> str:
    if line.days_late is None:
        return say("no go-live date")
    if line.days_late:
        return say("late by {days}", days=counted(line.days_late, "working day"))
    if line.days_late_safe:
        return say(
            "in time at the usual pace; late by {days} when slow",
            days=counted(line.days_late_safe, "working day"),
        )
    return say("in time")


def _open_mark(traces: list[list[Span] | list[Moment]]) -> None:
    chosen = chosen_mark(_CHART)
    if chosen and chosen[0] < len(traces) and chosen[1] < len(traces[chosen[0]]):
        navigation.go("project", project=traces[chosen[0]][chosen[1]].links[0])


def _table(lines: tuple[RoadmapLine, ...]) -> None:
    st.dataframe(
        {
            say("Project"): [line.name for line in lines],
            say("Timing"): [mark_of(line).word for line in lines],
            say("Go-live"): [line.go_live for line in lines],
            say("Likely (P50)"): [line.forecast.likely_on for line in lines],
            say("Safe (P85)"): [line.forecast.safe_on for line in lines],
            say("Days late"): [line.days_late for line in lines],
            say("Days late if slow"): [line.days_late_safe for line in lines],
            say("Chance"): [
                None if line.forecast.chance is None else round(100 * line.forecast.chance) for line in lines
            ],
            say("Gate ahead"): [line.gate.title for line in lines],
            say("Gate date"): [_gate_date(line) for line in lines],
            say("Days in stage"): [line.in_stage for line in lines],
            say("Organisation"): [line.organisation for line in lines],
        },
        hide_index=True,
        height="content",
        placeholder="–",
        alt=say("Projects with their dates and forecast, late ones first; the first column opens each"),
        column_config={
            say("Project"): components.opening_column(_OPEN, [line.key for line in lines]),
            **{
                name: st.column_config.DateColumn(format="YYYY-MM-DD")
                for name in (say("Go-live"), say("Gate date"))
            },
            say("Likely (P50)"): st.column_config.DateColumn(
                format="YYYY-MM-DD", help=say("Half of the simulated runs were live by then")
            ),
            say("Safe (P85)"): st.column_config.DateColumn(
                format="YYYY-MM-DD", help=say("85 of 100 simulated runs were live by then")
            ),
            say("Days late"): st.column_config.NumberColumn(
                help=say("Working days from the planned go-live to the likely one")
            ),
            say("Days late if slow"): st.column_config.NumberColumn(
                help=say("Working days from the planned go-live to the safe one")
            ),
            say("Chance"): st.column_config.NumberColumn(
                format="%d%%", help=say("Of going live by the planned date")
            ),
        },
    )


def _gate_date(line: RoadmapLine) -> date | None:
    return next((each.on for each in line.gates if each.gate is line.gate), None)


# ------------------------------------------------------------------ whom to ask


def _asks(found: Roadmap) -> None:
    st.header(say("Whom to ask, by when"), anchor=False)
    asks = found.asks
    if not asks:
        st.markdown(say("No review is outstanding at any gate ahead."), anchors=False)
        return
    st.markdown(plain(asks_sentence(asks)), anchors=False)
    shown = asks[:_MOST_ASKS]
    if len(asks) > len(shown):
        st.caption(
            say(
                "The {shown:,} most urgent of {all:,}. Filter above to see the others.",
                shown=len(shown),
                all=len(asks),
            )
        )
    st.dataframe(
        {
            say("Project"): [line.name for line, _ in shown],
            say("Role"): [ask.role.title for _, ask in shown],
            say("Gate"): [ask.gate.title for _, ask in shown],
            say("State"): [TIMINGS[ask.timing].word for _, ask in shown],
            say("Asked on"): [ask.asked_on for _, ask in shown],
            say("Safe day to ask"): [None if ask.asked_on else ask.ask_by for _, ask in shown],
            say("Latest day to ask"): [None if ask.asked_on else ask.last_call for _, ask in shown],
            say("Decision expected"): [ask.expected_on for _, ask in shown],
            say("Gate date"): [_gate_date(line) for line, _ in shown],
            say("Days late"): [ask.days_late for _, ask in shown],
        },
        hide_index=True,
        placeholder="–",
        alt=say(
            "Reviews outstanding at the gates ahead, the latest first; the first column opens the project"
        ),
        column_config={
            say("Project"): components.opening_column(_OPEN_ASK, [line.key for line, _ in shown]),
            **{
                name: st.column_config.DateColumn(format="YYYY-MM-DD")
                for name in (
                    say("Asked on"),
                    say("Safe day to ask"),
                    say("Latest day to ask"),
                    say("Decision expected"),
                    say("Gate date"),
                )
            },
            say("Days late"): st.column_config.NumberColumn(
                help=say("Working days from the gate’s date to the expected decision")
            ),
        },
    )


def asks_sentence(asks: tuple[tuple[RoadmapLine, ReviewPlan], ...]) -> str:
    """Above the table of reviews: how many come too late, and the next that need not."""
    late = [(line, ask) for line, ask in asks if ask.timing.is_late]
    coming = [
        (line, ask) for line, ask in asks if not ask.timing.is_late and ask.last_call and not ask.asked_on
    ]
    reviews = counted(len(asks), "review")
    if late:
        line, ask = late[0]
        text = say(
            "{reviews} still to be decided at the gates ahead; {late:,} of them too late, {role} for {project} "
            "by {days}.",
            reviews=reviews,
            late=len(late),
            role=in_line(ask.role),
            project=line.name,
            days=counted(ask.days_late, "working day"),
        )
    else:
        text = say("{reviews} still to be decided at the gates ahead.", reviews=reviews)
    if not coming:
        return text
    line, ask = min(coming, key=lambda pair: pair[1].last_call or date.max)
    assert ask.last_call is not None
    following = say(
        "Next: ask {role} for {project} by {day}.",
        role=in_line(ask.role),
        project=line.name,
        day=ask.last_call.isoformat(),
    )
    return f"{text} {following}"


# ------------------------------------------------------------------ days in stage


def _ages(found: Roadmap) -> None:
    st.header(say("Days in stage"), anchor=False)
    sentence = ages_sentence(found.ages)
    st.markdown(plain(sentence), anchors=False)
    dots = [_dot(line) for line in found.lines]
    rows = [Percentiles(age.stage.title, age.median, age.safe) for age in found.ages]
    st.plotly_chart(
        charts.ages(dots, rows, dark=is_dark(), noun=say("days in the stage")),
        key=_AGES,
        on_select=lambda: _open_dot(dots),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption(
        say(
            "One dot is one project, in the colour of its standing. The dark bar reaches to "
            "the median, the light one to "
            "the 85th percentile. Choose a dot to open its project."
        )
    )
    st.dataframe(
        {
            say("Longest"): [age.longest_name for age in found.ages],
            say("Stage"): [age.stage.title for age in found.ages],
            say("Projects"): [age.projects for age in found.ages],
            say("Median days"): [age.median for age in found.ages],
            say("85th percentile"): [age.safe for age in found.ages],
            say("Longest days"): [age.longest for age in found.ages],
            say("Finished: median"): [age.finished.typical for age in found.ages],
            say("Finished: 85th"): [age.finished.safe for age in found.ages],
            say("Finished stages"): [age.finished.observed for age in found.ages],
        },
        hide_index=True,
        alt=say(
            "Days in stage by percentiles; the first column opens the project that has been there longest"
        ),
        column_config={
            say("Longest"): components.opening_column(_OPEN_AGE, [age.longest_key for age in found.ages]),
            **{
                name: st.column_config.NumberColumn(
                    help=say(
                        "Working days that finished stages took; the guide’s default where fewer than 5 finished"
                    )
                )
                for name in (say("Finished: median"), say("Finished: 85th"))
            },
        },
    )


def _dot(line: RoadmapLine) -> Dot:
    words = say("{days} in {stage}", days=counted(line.in_stage, "day"), stage=line.stage.title)
    hover = f"<b>{charts.as_text(line.name)}</b><br>{words}"
    return Dot(line.stage.title, line.in_stage, hover, standing.LEVELS[line.level], (line.key,))


def ages_sentence(ages: tuple[StageAge, ...]) -> str:
    """Which project has been longest where, and what is usual there."""
    longest = max(ages, key=lambda age: age.longest)
    return say(
        "{project} has been in {stage} longest: {longest}. Of the {projects} there, half have been there for "
        "at most {median} and 85 of 100 for at most {safe}.",
        project=longest.longest_name,
        stage=longest.stage.title,
        longest=counted(longest.longest, "day"),
        projects=counted(longest.projects, "project"),
        median=counted(longest.median, "day"),
        safe=counted(longest.safe, "day"),
    )


def _open_dot(dots: list[Dot]) -> None:
    chosen = chosen_mark(_AGES)
    if chosen and chosen[0] == charts.AGES_TRACE and chosen[1] < len(dots):
        navigation.go("project", project=dots[chosen[1]].links[0])
