"""Plan: a target date for each gate, and from it the day by which each role has to be asked."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from lifecycle.actions import plans as actions
from lifecycle.errors import Invalid
from lifecycle.queries import overview as queries
from lifecycle.queries.overview import ProjectOverview, TrackStep
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, standing
from lifecycle.ui.components import day, page_header, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.views import imported
from lifecycle.vocabulary import Gate, Role


def show(project: ProjectHead) -> None:
    """One row per gate."""
    if not project.is_adopted:
        imported.not_yet(project, "Plan")
        return
    view = cache.read_with_guide(
        queries.overview, *chains(project), by=identity.actor(), at=identity.this_hour(), key=project.key
    )
    planned = [step for step in view.track if step.target_on and not step.is_passed]
    page_header("Plan", about=f"{project.name}. {_sentence(planned, view.today)}")
    for step in view.track:
        with st.container(border=True, gap="xsmall"):
            _gate(step, view)


def _sentence(planned: list[TrackStep], today: date) -> str:
    if not planned:
        return "No gate has a date yet. Begin with the one you promised, and work backwards."
    last = planned[-1]
    nearest = min(planned, key=lambda step: step.target_on or date.max)
    said = f"Next is {nearest.gate.title}, {until(nearest.target_on or today, today)}"
    if last is nearest:
        return f"{said}."
    return f"{said}; the last one planned is {last.gate.title} on {last.target_on}."


def _gate(step: TrackStep, view: ProjectOverview) -> None:
    mark = standing.LEVELS[step.level] if step.level else standing.NOT_ASSESSED
    here = " :blue-badge[:material/flag: Here now]" if step.is_current else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"**{step.gate.title}** {mark.badge}{here}  \n:small[:gray[{plain(_when(step, view.today))}]]",
            width="content",
            anchors=False,
        )
        if "plans.set_date" in view.may and not step.is_passed:
            _forms(step, view)
    if step.target_on and not step.is_passed:
        _ask_by(step.gate, step.target_on, view)


def _when(step: TrackStep, today: date) -> str:
    if step.is_passed and step.outcome:
        return f"Decided {step.outcome.at:%Y-%m-%d}: {step.outcome.outcome.title.lower()}"
    if step.target_on:
        return f"Planned for {day(step.target_on)}, {until(step.target_on, today)}"
    return "No date yet"


def _ask_by(gate: Gate, on: date, view: ProjectOverview) -> None:
    """The latest day to ask each role, from the lead times of the guide."""
    guide = cache.guide()
    lines = []
    for spec in guide.reviews(gate, tier=view.tier):
        lead = guide.policy.lead_days.get(spec.role)
        if lead is not None:
            lines.append((on - timedelta(days=lead), spec.role, lead))
    if not lines:
        return
    with st.expander("Ask by", icon=":material/event_upcoming:"):
        st.table(
            [_row(by, role, lead, view.today) for by, role, lead in sorted(lines)],
            border="horizontal",
            hide_index=True,
            alt=f"Latest day to ask each role for the {gate.title} gate",
        )


def _row(by: date, role: Role, lead: int, today: date) -> dict[str, str]:
    mark = ":red[:material/alarm: past]" if by < today else ":gray[:material/event:]"
    return {"Role": role.title, "Ask by": f"{mark} {day(by)}", "Usually takes": f"{lead} days"}


def _forms(step: TrackStep, view: ProjectOverview) -> None:
    key = f"plan:{step.gate}"
    with st.form(key, border=False, width="content"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            on_date = st.date_input(
                f"Date of {step.gate.title}",
                value=step.target_on,
                format="YYYY-MM-DD",
                key=f"{key}:{step.target_on}",
                label_visibility="collapsed",
                width=160,
            )
            submitted = st.form_submit_button("Set")
            cleared = step.target_on is not None and st.form_submit_button("Clear", type="tertiary")
        if cleared:
            perform(
                actions.clear_date,
                done=f"{step.gate.title} has no date any more.",
                project_id=view.project.id,
                gate=step.gate,
            )
        elif submitted and on_date is None:
            refusal(Invalid({"date": "Choose the day first."}))
        elif submitted:
            perform(
                actions.set_date,
                done=f"{step.gate.title} is planned for {on_date}.",
                project_id=view.project.id,
                gate=step.gate,
                on_date=on_date,
            )
