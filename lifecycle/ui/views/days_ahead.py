"""Days ahead: what ends, changes or is due around all projects that this person may read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from lifecycle.language import mark, say, say_count
from lifecycle.queries import operation as queries
from lifecycle.queries.operation import PortfolioDay
from lifecycle.rules.retold import retold
from lifecycle.ui import cache, identity, navigation, upkeep
from lifecycle.ui.components import day, empty_state, page_header, plain, until

WITHIN_DAYS = 365
_SOON_DAYS = 90
_WORDS = {
    "agreement.ends": mark("{what} ends"),
    "change.expected": mark("{what} is expected"),
    "operate_review.due": mark("{what} is due"),
}


def show() -> None:
    """The whole page."""
    page_header(
        say("Days ahead"), about=say("What ends, changes or is due around the projects, within a year.")
    )
    today = upkeep.today(identity.now())
    found = cache.read(
        queries.days_of_portfolio, by=identity.actor(), at=identity.this_hour(), within_days=WITHIN_DAYS
    )
    if not found:
        empty_state(
            say("Nothing ends or changes within a year"),
            say(
                "Give the data sources the day on which their agreement ends (X09) and the changes that you expect "
                "(D32); whoever manages the project is then told ahead."
            ),
            icon="event_available",
        )
        return
    st.markdown(plain(_sentence(found, today)), anchors=False)
    st.table(
        [
            {
                say("Day"): day(each.on),
                say("When"): _how_far(each.on, today),
                say("What"): plain(_words(each)),
                say("Project"): _link(each),
            }
            for each in found
        ],
        border="horizontal",
        hide_index=True,
        alt=say("The days ahead of all projects"),
    )


def _sentence(found: Sequence[PortfolioDay], today: date) -> str:
    soon = [each for each in found if 0 <= (each.on - today).days <= _SOON_DAYS]
    past = sum(each.on < today for each in found)
    if not soon:
        said = say("Nothing comes within {days} days.", days=_SOON_DAYS)
    else:
        first = soon[0]
        said = say_count(
            "{number:,} day comes within {days} days; the first is {day}, {until}: {what} in {project}.",
            "{number:,} days come within {days} days; the first is {day}, {until}: {what} in {project}.",
            len(soon),
            days=_SOON_DAYS,
            day=day(first.on),
            until=until(first.on, today),
            what=_words(first),
            project=first.project_name,
        )
    if not past:
        return said
    return said + say_count(
        " {number:,} has passed within the last month.",
        " {number:,} have passed within the last month.",
        past,
    )


def _how_far(on: date, today: date) -> str:
    """As `until`, but what has passed is not overdue: nobody owes it."""
    if on >= today:
        return until(on, today)
    return say_count("{number:,} day ago", "{number:,} days ago", (today - on).days)


def _words(each: PortfolioDay) -> str:
    said = say(_WORDS[each.kind], what=retold(each.what))
    return said[:1].upper() + said[1:]


def _link(each: PortfolioDay) -> str:
    return f"[{plain(each.project_name)}]({navigation.address('operation', project=each.project_key)})"
