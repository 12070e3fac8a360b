"""Reviews over all projects: who is waited for since when, how old requests are, and how long decisions take."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, say, say_count
from lifecycle.queries import portfolio_overview
from lifecycle.queries import portfolio_reviews as queries
from lifecycle.queries.portfolio_reviews import OpenReview, PortfolioReviews
from lifecycle.ui import cache, charts, components, identity, navigation, standing, upkeep
from lifecycle.ui.charts import Dot, Percentiles
from lifecycle.ui.components import plain
from lifecycle.ui.views import plan, portfolio_filters, portfolio_maps
from lifecycle.ui.views.portfolio_maps import chosen_mark, is_dark
from lifecycle.ui.views.portfolio_words import in_line
from lifecycle.vocabulary import SignOffStatus

_AGES, _OPEN = "reviews:ages", "reviews:open"
_MOST_ROWS = 100


def show() -> None:
    """The whole page."""
    by, now = identity.actor(), identity.now()
    today = upkeep.today(now)
    upkeep.bring_standing_up_to_date(now)
    choices = cache.read(portfolio_overview.choices, by=by)
    components.page_header(
        say("Reviews"), about=say("Who is waited for and since when, over all projects you may read.")
    )
    if not choices.assessed:
        components.empty_state(
            say("Nobody has been asked yet"),
            say("Requests for review appear here as soon as a project that is assessed here asks for one."),
            icon="fact_check",
            action=say("Register a project"),
            to="new-project",
        )
        return
    filters = portfolio_filters.short_bar(choices)
    found = cache.read_with_guide(
        queries.portfolio_reviews, by=by, today=today, observed=plan.observed(), filters=filters
    )
    overview = cache.read(portfolio_overview.overview, by=by, today=today, filters=filters)
    st.markdown(plain(headline(found)), anchors=False)
    _ages(found)
    _waiting(found)
    if overview.running:
        st.header(say("Projects by role"), anchor=False)
        portfolio_maps.show_roles(overview, filters, by, now)
    with st.grid(2, min_column_width=360, gap="large"):
        with st.container():
            _leads(found)
        with st.container():
            _people(found)


def headline(found: PortfolioReviews) -> str:
    """How much is open, on whom, since when."""
    if not found.waiting:
        return say("No review is open: nobody is being waited for.")
    oldest = found.waiting[0]
    late = sum(each.overdue > 0 for each in found.waiting)
    said = [
        say_count("{number:,} review is open.", "{number:,} reviews are open.", len(found.waiting)),
        say(
            "The oldest waits for {person} ({role}) since {date}: {project}, {days}.",
            person=oldest.person,
            role=in_line(oldest.role),
            date=oldest.asked_at.date().isoformat(),
            project=oldest.name,
            days=counted(oldest.days, "day"),
        ),
    ]
    if late:
        said.append(say_count("{number:,} is past the due date.", "{number:,} are past the due date.", late))
    return " ".join(said)


# ------------------------------------------------------------------ how old


def _ages(found: PortfolioReviews) -> None:
    loads = [load for load in found.roles if load.open]
    if not loads:
        return
    st.header(say("How long requests have been open"), anchor=False)
    sentence = ages_sentence(found)
    st.markdown(plain(sentence), anchors=False)
    asked = [each for each in found.waiting if any(load.role is each.role for load in loads)]
    dots = [
        Dot(
            each.role.title,
            each.days,
            _hover(each),
            standing.STALE if each.overdue else standing.SIGN_OFFS[SignOffStatus.WAITING],
            (each.key,),
        )
        for each in asked
    ]
    rows = [Percentiles(load.role.title, load.median or 0, load.safe or 0) for load in loads]
    st.plotly_chart(
        charts.ages(dots, rows, dark=is_dark(), noun=say("days open")),
        key=_AGES,
        on_select=lambda: _open_dot(dots),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption(
        say(
            "The dark bar reaches to the median, the light one to the 85th percentile. "
            "Choose a dot to open its project."
        )
    )
    st.dataframe(
        {
            say("Role"): [load.role.title for load in loads],
            say("Open"): [load.open for load in loads],
            say("Overdue"): [load.overdue for load in loads],
            say("People asked"): [load.people for load in loads],
            say("Median days"): [load.median for load in loads],
            say("85th percentile"): [load.safe for load in loads],
            say("Oldest"): [load.oldest for load in loads],
        },
        hide_index=True,
        alt=say("Open requests by role, with their age by percentiles"),
    )


def _hover(each: OpenReview) -> str:
    said = say(
        "{person}, {gate}: {days}",
        person=charts.as_text(each.person),
        gate=each.gate.title,
        days=counted(each.days, "day"),
    )
    late = say("{days} overdue", days=counted(each.overdue, "day")) if each.overdue else ""
    return "<br>".join(line for line in (f"<b>{charts.as_text(each.name)}</b>", said, late) if line)


def ages_sentence(found: PortfolioReviews) -> str:
    """Which role has the oldest half."""
    slowest = max((load for load in found.roles if load.open), key=lambda load: (load.median or 0, load.open))
    if slowest.open == 1:
        return say(
            "The only request to {role} has been open for {days}: no other role’s for so long.",
            role=in_line(slowest.role),
            days=counted(slowest.median or 0, "day"),
        )
    return say(
        "Half of the {requests} to {role} have been open for {days} or longer: no other "
        "role’s have for so long.",
        requests=counted(slowest.open, "request"),
        role=in_line(slowest.role),
        days=counted(slowest.median or 0, "day"),
    )


def _open_dot(dots: list[Dot]) -> None:
    chosen = chosen_mark(_AGES)
    if chosen and chosen[0] == charts.AGES_TRACE and chosen[1] < len(dots):
        navigation.go("project", project=dots[chosen[1]].links[0])


# ------------------------------------------------------------------ who waits since when


def _waiting(found: PortfolioReviews) -> None:
    if not found.waiting:
        return
    shown = found.waiting[:_MOST_ROWS]
    st.header(say("Who is waited for, since when"), anchor=False)
    if len(found.waiting) > len(shown):
        st.caption(
            say(
                "The {shown:,} oldest of {waiting:,}. Filter above to see the others.",
                shown=len(shown),
                waiting=len(found.waiting),
            )
        )
    st.dataframe(
        {
            say("Project"): [each.name for each in shown],
            say("Role"): [each.role.title for each in shown],
            say("Person"): [each.person for each in shown],
            say("Gate"): [each.gate.title for each in shown],
            say("Asked on"): [each.asked_at.date() for each in shown],
            say("Days"): [each.days for each in shown],
            say("Due"): [each.due_on for each in shown],
            say("Days overdue"): [each.overdue or None for each in shown],
        },
        hide_index=True,
        placeholder="–",
        alt=say("Open requests, the oldest first; the first column opens the project"),
        column_config={
            say("Project"): components.opening_column(_OPEN, [each.key for each in shown]),
            say("Asked on"): st.column_config.DateColumn(format="YYYY-MM-DD"),
            say("Due"): st.column_config.DateColumn(format="YYYY-MM-DD"),
        },
    )


# ------------------------------------------------------------------ lead times and load


def _leads(found: PortfolioReviews) -> None:
    st.header(say("Lead times"), anchor=False)
    slow = max(found.roles, key=lambda load: load.lead.safe)
    basis = (
        say_count("of {number:,} decision", "of {number:,} decisions", slow.lead.observed)
        if slow.lead.observed
        else say("by the guide’s default")
    )
    st.markdown(
        plain(
            say(
                "{role} takes longest: half of the decisions within {days}, 85 of 100 within {safe}, "
                "{basis}.",
                role=slow.role.title,
                days=counted(slow.lead.typical, "working day"),
                safe=slow.lead.safe,
                basis=basis,
            )
        ),
        anchors=False,
    )
    st.dataframe(
        {
            say("Role"): [load.role.title for load in found.roles],
            say("Median"): [load.lead.typical for load in found.roles],
            say("85th percentile"): [load.lead.safe for load in found.roles],
            say("Decisions"): [load.lead.observed or None for load in found.roles],
        },
        hide_index=True,
        placeholder=say("default"),
        alt=say("Working days from asking to deciding, by role"),
        column_config={
            say("Median"): st.column_config.NumberColumn(help=say("Working days from asking to deciding")),
            say("Decisions"): st.column_config.NumberColumn(
                help=say("How many decisions these figures rest on; the guide’s default below 5")
            ),
        },
    )


def _people(found: PortfolioReviews) -> None:
    st.header(say("Load"), anchor=False)
    if not found.people:
        st.markdown(say("Nobody has a request to decide on."), anchors=False)
        return
    most = found.people[0]
    st.markdown(
        plain(
            say(
                "{person} has the most to decide on: {requests}, the oldest {days} old.",
                person=most.name,
                requests=counted(most.open, "request"),
                days=counted(most.oldest, "day"),
            )
        ),
        anchors=False,
    )
    st.dataframe(
        {
            say("Person"): [person.name for person in found.people],
            say("Open"): [person.open for person in found.people],
            say("Overdue"): [person.overdue for person in found.people],
            say("Oldest, days"): [person.oldest for person in found.people],
            say("Roles"): [", ".join(role.title for role in person.roles) for person in found.people],
        },
        hide_index=True,
        alt=say("Open requests by person, the most first"),
    )
