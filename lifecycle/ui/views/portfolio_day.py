"""Of which day the portfolio is shown: today, or any day before. It stands in the address as `as-of`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import streamlit as st

from lifecycle.events import ORGANISATION
from lifecycle.facts.projects import end_of_day, organisation_time_zone
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.language import language, mark, say, speaking
from lifecycle.ui import cache, identity, navigation, state, upkeep
from lifecycle.ui.components import day as spelled

AS_OF = "as-of"  # in the address, and the key of the control


def chosen(today: date) -> date | None:
    """The day that the control or the address names; None for today, for days to come and for what is no day."""
    found = state.value(AS_OF) if state.has(AS_OF) else _read(navigation.here(AS_OF))
    return found if isinstance(found, date) and found < today else None


def _read(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def bar(as_of: date | None, today: date) -> None:
    """The control, with a way back to today."""
    st.date_input(
        say("As of"),
        value=None,
        max_value=today,
        min_value=date(1990, 1, 1),
        key=AS_OF,
        format="YYYY-MM-DD",
        help=say("Shows everything on this page as it was at the end of that day."),
        bind="query-params",
    )
    if as_of is not None:
        st.button(say("Show today"), icon=":material/today:", type="tertiary", on_click=_today)


def _today() -> None:
    state.put(AS_OF, None)


def moment(as_of: date | None, now: datetime) -> datetime:
    """The moment up to which days are counted: now, or the end of that day."""
    if as_of is None:
        return now
    return min(now, end_of_day(as_of, _zone()) - timedelta(seconds=1))


def note(as_of: date | None) -> None:
    """A line that nobody overlooks: what follows is not today."""
    if as_of is not None:
        st.info(
            say(
                "Everything below is as it was at the end of {day} ({zone}). "
                "What opens from here is shown as it is today.",
                day=spelled(as_of),
                zone=_zone(),
            ),
            icon=":material/history:",
        )


def downloads(as_of: date | None) -> None:
    """The leadership pack of that day; made only when it is asked for, by whoever asks then."""
    by, guide, spoken = identity.actor(), cache.guide(), language()
    name = f"portfolio-{as_of or upkeep.today(identity.now())}"
    with st.popover(say("Leadership pack"), icon=":material/download:"):
        st.caption(
            say(
                "What this page shows of all projects you may read, in one file to pass on: filters are left aside."
            )
        )
        for ending, label, mime, icon in _PACKS:

            def made(ending: str = ending) -> bytes:
                with speaking(spoken), cache.database().read() as session:
                    return make_pack(
                        session, by=by, at=identity.now(), guide=guide, ending=ending, as_of=as_of
                    )

            st.download_button(
                say(label),
                made,
                file_name=f"{name}.{ending}",
                mime=mime,
                icon=icon,
                key=f"pack:{ending}",
                on_click="ignore",
            )


_PACKS = (
    ("html", mark("Download as a web page"), "text/html", ":material/html:"),
    ("pdf", mark("Download as PDF"), "application/pdf", ":material/picture_as_pdf:"),
)


def _zone() -> str:
    return cache.read(organisation_time_zone, ORGANISATION)
