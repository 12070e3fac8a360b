"""Settings of the organisation: which days are worked, how long things take here, and its own part of the guide."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lifecycle.actions import plans as actions
from lifecycle.language import counted, say
from lifecycle.queries import calendars as queries
from lifecycle.queries.calendars import HolidaysView
from lifecycle.rules.planning import ENOUGH, Spread, lead_times, stage_lengths
from lifecycle.ui import cache, identity, upkeep
from lifecycle.ui.components import day, page_header, plain
from lifecycle.ui.perform import perform
from lifecycle.ui.views import own_guide, plan

_NONE = ""
_SHOWN = 4


def show() -> None:
    """The whole page."""
    page_header(
        say("Settings"), about=say("What plans count with, and what your organisation adds to the guide.")
    )
    _working_days()
    _lengths()
    own_guide.show()


def _working_days() -> None:
    st.header(say("Working days"), anchor=False)
    view = cache.read(queries.chosen, today=upkeep.today(identity.now()))
    countries = cache.read(queries.known_countries)
    st.markdown(plain(_said(view, countries)), anchors=False)
    country = st.selectbox(
        say("Public holidays of"),
        [_NONE, *countries],
        index=[_NONE, *countries].index(view.country),
        format_func=lambda code: countries.get(code) or say("No country: weekends only"),
        key="settings:country",
    )
    regions = cache.read(queries.regions_of, country=country) if country else ()
    region = view.region if view.region in regions and country == view.country else _NONE
    if regions:
        region = st.selectbox(
            say("Region"),
            [_NONE, *regions],
            index=[_NONE, *regions].index(region),
            format_func=lambda code: code or say("The whole country"),
            key=f"settings:region:{country}",
        )
    if st.button(say("Save working days"), type="primary", key="settings:holidays"):
        perform(
            actions.set_holidays,
            done=say("Plans now count these working days."),
            country=country,
            region=region,
        )


def _said(view: HolidaysView, countries: Mapping[str, str]) -> str:
    if not view.country:
        return say(
            "Plans count every Monday to Friday. Choose a country, and they leave out its public holidays too."
        )
    region = f" ({view.region})" if view.region else ""
    return say(
        "Plans leave out weekends and the public holidays of {country}. Next: {days}.",
        country=f"{countries.get(view.country, '')}{region}",
        days=", ".join(day(each) for each in view.coming[:_SHOWN]),
    )


def _lengths() -> None:
    guide, seen = cache.guide(), plan.observed()
    st.header(say("How long things take here"), anchor=False)
    st.caption(
        say(
            "Working days. Fewer than {enough} cases count for too little: until then plans use the guide's "
            "default.",
            enough=ENOUGH,
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        _table(say("Review by"), {role.title: each for role, each in lead_times(guide, seen.leads).items()})
    with right:
        _table(say("Stage"), {stage.title: each for stage, each in stage_lengths(guide, seen.stages).items()})


def _table(heading: str, found: Mapping[str, Spread]) -> None:
    st.table(
        [
            {
                heading: name,
                say("Half within"): str(each.typical),
                say("85 of 100 within"): str(each.safe),
                say("From"): counted(each.observed, "case") if each.observed else say("default"),
            }
            for name, each in found.items()
        ],
        border="horizontal",
        hide_index=True,
        alt=say("{heading}: how long it takes", heading=heading),
    )
