"""Days ahead: what ends, changes or is due around all projects that this person may read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from lifecycle.queries import operation as queries
from lifecycle.queries.operation import PortfolioDay
from lifecycle.ui import cache, identity, navigation, upkeep
from lifecycle.ui.components import counted, day, empty_state, page_header, plain, until

WITHIN_DAYS = 365
_SOON_DAYS = 90
_WORDS = {
    "agreement.ends": "{what} ends",
    "change.expected": "{what} is expected",
    "operate_review.due": "{what} is due",
}


def show() -> None:
    """The whole page."""
    page_header("Days ahead", about="What ends, changes or is due around the projects, within a year.")
    today = upkeep.today(identity.now())
    found = cache.read(
        queries.days_of_portfolio, by=identity.actor(), at=identity.this_hour(), within_days=WITHIN_DAYS
    )
    if not found:
        empty_state(
            "Nothing ends or changes within a year",
            "Give the data sources the day on which their agreement ends (X09) and the changes that you expect "
            "(D32); whoever manages the project is then told ahead.",
            icon="event_available",
        )
        return
    st.markdown(plain(_sentence(found, today)), anchors=False)
    st.table(
        [
            {
                "Day": day(each.on),
                "When": until(each.on, today).replace("overdue", "ago"),
                "What": plain(_words(each)),
                "Project": _link(each),
            }
            for each in found
        ],
        border="horizontal",
        hide_index=True,
        alt="The days ahead of all projects",
    )


def _sentence(found: Sequence[PortfolioDay], today: date) -> str:
    soon = [each for each in found if 0 <= (each.on - today).days <= _SOON_DAYS]
    past = sum(each.on < today for each in found)
    if not soon:
        said = f"Nothing comes within {_SOON_DAYS} days."
    else:
        first = soon[0]
        said = (
            f"{counted(len(soon), 'day comes', 'days come')} within {_SOON_DAYS} days; the first is {day(first.on)}, "
            f"{until(first.on, today)}: {_words(first)} in {first.project_name}."
        )
    return said + (f" {counted(past, 'has', 'have')} passed within the last month." if past else "")


def _words(each: PortfolioDay) -> str:
    said = _WORDS[each.kind].format(what=each.what)
    return said[:1].upper() + said[1:]


def _link(each: PortfolioDay) -> str:
    return f"[{plain(each.project_name)}]({navigation.address('operation', project=each.project_key)})"
