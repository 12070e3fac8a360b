"""A project's schedule as a picture and as tables: stages, reviews, dates that others set, and by when to ask."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries.plans import PlanView
from lifecycle.rules.planning import FixedDate, FixedKind, GatePlan, ReviewPlan, Timing
from lifecycle.ui import charts, navigation
from lifecycle.ui.charts import Moment, Span
from lifecycle.ui.components import day, plain, until
from lifecycle.ui.standing import Mark
from lifecycle.ui.views.portfolio_maps import is_dark
from lifecycle.vocabulary import Stage

TIMINGS = {
    Timing.SIGNED: Mark(mark("Signed"), "green", "check_circle"),
    Timing.ASKED: Mark(mark("Asked"), "violet", "hourglass_top"),
    Timing.ASKED_LATE: Mark(mark("Asked, likely late"), "orange", "hourglass_bottom"),
    Timing.AHEAD: Mark(mark("In time"), "gray", "event"),
    Timing.TIGHT: Mark(mark("Ask now"), "orange", "notification_important"),
    Timing.TOO_LATE: Mark(mark("Too late"), "red", "alarm"),
    Timing.UNDATED: Mark(mark("No date"), "gray", "event_busy"),
}
_PAST = Mark(mark("Done"), "green", "check_circle")
_NOW = Mark(mark("Under way"), "blue", "clock_loader_40")
_PLANNED = Mark(mark("Planned"), "gray", "event")
_FIXED = {
    FixedKind.AGREEMENT_END: (mark("Agreements"), "x"),
    FixedKind.CHANGE_WINDOW: (mark("Change windows"), "diamond"),
    FixedKind.ASSESSMENT_END: (mark("Other dates"), "square"),
    FixedKind.TIME_BOX: (mark("Other dates"), "square"),
    FixedKind.FUNDING_END: (mark("Other dates"), "x"),
    FixedKind.CONDITION: (mark("Conditions"), "circle"),
}
_SOON = timedelta(days=730)  # what comes later would press everything else together


# ------------------------------------------------------------------ the picture


def time_line(view: PlanView) -> None:
    """Stages walked and planned, reviews under way and to come, dates of others; the same as a table below."""
    spans = [*_walked(view), *_ahead(view), *_reviews(view)]
    moments = [_moment(each) for each in view.fixed if each.on <= view.today + _SOON]
    if not spans:
        return
    go_live = view.schedule.go_live
    st.header(say("From then to go-live"), anchor=False)
    st.plotly_chart(
        charts.time_line(
            spans,
            moments,
            today=view.today,
            dark=is_dark(),
            markers={say("go-live"): go_live} if go_live else {},
        ),
        key="plan:time-line",
        config=dict(charts.CONFIG),
        alt=say_count(
            "Time line of {number:,} piece of work; the table below it says the same in words.",
            "Time line of {number:,} pieces of work; the table below it says the same in words.",
            len(spans),
        ),
    )
    with st.expander(say("The time line as a table"), icon=":material/table:"):
        st.table(
            [
                {
                    say("What"): plain(span.label),
                    say("From"): span.start.isoformat(),
                    say("To"): span.end.isoformat(),
                    say("State"): span.mark.word,
                }
                for span in spans
            ],
            border="horizontal",
            hide_index=True,
            alt=say("The time line as a table"),
        )


def _walked(view: PlanView) -> list[Span]:
    return [
        _span(past.stage, past.began_on, past.ended_on or view.today, _PAST if past.ended_on else _NOW, 1.0)
        for past in view.past
    ]


def _ahead(view: PlanView) -> list[Span]:
    """From today, or from the gate before, to each gate's date; a date that is past has no room left."""
    spans: list[Span] = []
    begins = view.today
    for plan in view.schedule.gates:
        if plan.on is None:
            continue
        if plan.on > begins:
            spans.append(_span(plan.gate.stage, begins, plan.on, _PLANNED, charts.LIGHT))
            begins = plan.on
    return spans


def _span(stage: Stage, start: date, end: date, mark: Mark, strength: float) -> Span:
    hover = _hover(stage.title, mark, start, end)
    return Span(stage.title, start, end, hover, mark, strength)


def _hover(title: str, mark: Mark, start: date, end: date) -> str:
    words = say("{what}: {start} to {end}", what=mark.word, start=start, end=end)
    return f"<b>{charts.as_text(title)}</b><br>{words}"


def _reviews(view: PlanView) -> list[Span]:
    """One row for each role: from the day it was asked, or has to be, to the day it usually decides."""
    spans = []
    for plan in view.schedule.gates:
        for review in plan.reviews:
            start = review.asked_on or review.ask_by
            if review.timing is Timing.SIGNED or start is None:
                continue
            end = (review.expected_on if review.asked_on or review.timing.is_late else plan.on) or start
            start = min(
                max(start, view.today) if review.timing.is_late and not review.asked_on else start, end
            )
            mark = TIMINGS[review.timing]
            title = say("{role} at {gate}", role=review.role.title, gate=plan.gate.title)
            hover = _hover(title, mark, start, end)
            light = charts.LIGHT if review.timing is Timing.AHEAD else 1.0
            spans.append(Span(review.role.title, start, end, hover, mark, light))
    return spans


def _moment(fixed: FixedDate) -> Moment:
    label, symbol = _FIXED[fixed.kind]
    hover = f"<b>{charts.as_text(fixed.what)}</b><br>{fixed.on.isoformat()}"
    return Moment(say(label), fixed.on, hover, _PLANNED, symbol)


# ------------------------------------------------------------------ by when to ask


def ask_by(view: PlanView) -> None:
    """Every review still wanting, the most urgent first."""
    open_ones = [
        (plan, review)
        for plan in view.schedule.gates
        for review in plan.reviews
        if review.timing is not Timing.SIGNED
    ]
    if not open_ones:
        return
    st.header(say("Ask by"), anchor=False)
    st.caption(
        say(
            "Counted back in working days from the date of each gate. The day leaves each "
            "role the time it takes in half "
            "of all cases, the better one the time that is enough in 85 of 100."
        )
    )
    ordered = sorted(open_ones, key=lambda each: (each[1].last_call or date.max, each[0].gate.order))
    st.table(
        [_row(plan, review, view) for plan, review in ordered],
        border="horizontal",
        hide_index=True,
        alt=say("By when each role has to be asked"),
    )


def _row(plan: GatePlan, review: ReviewPlan, view: PlanView) -> dict[str, str]:
    mark = TIMINGS[review.timing]
    said = mark.text
    if review.days_late:
        said = say("{state} by {days}", state=said, days=counted(review.days_late, "working day"))
    if review.asked_on:
        said += f" {review.asked_on.isoformat()}"
    to = navigation.address("gate", project=view.project.key, gate=plan.gate.value)
    better = f"  \n:small[:gray[{say('{day} better', day=review.ask_by)}]]" if review.ask_by else ""
    # Three columns, each of two lines: five would break the days on a phone.
    return {
        say("Who"): f"[{review.role.title}]({to})  \n:small[:gray[{plan.gate.title}]]",
        say("At the latest"): f"{review.last_call.isoformat() if review.last_call else '–'}{better}",
        say("State, days it takes"): f"{said}  \n:small[:gray[{_lead(review)}]]",
    }


def _lead(review: ReviewPlan) -> str:
    lead = review.lead
    if not lead.observed:
        return say("{typical} (default)", typical=lead.typical)
    return say(
        "{typical}–{safe} ({observed} seen)", typical=lead.typical, safe=lead.safe, observed=lead.observed
    )


# ------------------------------------------------------------------ dates of others


def fixed(view: PlanView) -> None:
    """Dates that the plan has to live with, and where each stands."""
    if not view.fixed:
        return
    st.header(say("Dates that others set"), anchor=False)
    st.table(
        [
            {say("Day"): day(each.on), say("When"): until(each.on, view.today), say("What"): plain(each.what)}
            for each in view.fixed
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Dates that others set"),
    )
