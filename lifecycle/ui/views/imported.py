"""A project from a register: what the register says, as facts, and the way to take it over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.actions import projects as actions
from lifecycle.errors import Invalid
from lifecycle.queries.overview import ProjectOverview, RegisterFacts
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import standing
from lifecycle.ui.components import definitions, empty_state, page_header, plain, refusal
from lifecycle.ui.perform import perform
from lifecycle.vocabulary import ProjectStatus, Stage

_PRODUCTION = {
    ProjectStatus.ROLLOUT: "Rolling out",
    ProjectStatus.LIVE: "Live",
    ProjectStatus.RETIRED: "Retired",
}


def show(view: ProjectOverview) -> None:
    """Nothing here looks assessed or signed: these are the words of the register."""
    with st.container(border=True):
        st.markdown(":gray[:material/help:] **Not assessed here**", anchors=False)
        st.markdown(
            "This project comes from a register. It has no answers, no checks and no sign-offs here until a "
            "product manager adopts it; what the register says stays beside it as facts.",
            anchors=False,
        )
        if view.project.stage is None:
            _choose_stage(view)
        elif "projects.adopt" in view.may:
            _adopt(view)
        else:
            st.caption("An administrator, or whoever is named its product manager, can adopt it.")
    if view.register is not None:
        _facts(view, view.register)


def not_yet(project: ProjectHead, title: str) -> None:
    """Instead of a page about answers and sign-offs, for a project that has none here."""
    page_header(title, about=project.name, mark=standing.NOT_ASSESSED)
    empty_state(
        "Not assessed here",
        "This project comes from a register. Its overview shows what the register says, and the way to adopt it.",
        icon="help",
        action="Open its overview",
        to="project",
        project=project.key,
    )


def _adopt(view: ProjectOverview) -> None:
    stage = view.project.stage.title if view.project.stage else ""
    if st.button(f"Adopt it in {stage}", type="primary", icon=":material/assignment_turned_in:", key="adopt"):
        perform(
            actions.adopt,
            done="You are its product manager now; it is assessed here from today on.",
            project_id=view.project.id,
        )


def _choose_stage(view: ProjectOverview) -> None:
    """The register used a word that no mapping knows, so a person decides."""
    word = view.register.stage_word if view.register else ""
    said = f"The register says “{word}”, which no mapping knows." if word else "The register names no stage."
    st.markdown(f":orange[:material/help_center:] {plain(said)}", anchors=False)
    if "projects.map_stage" not in view.may:
        st.caption("An administrator decides which stage it is in.")
        return
    options = {stage.value: stage.title for stage in Stage if stage is not Stage.PRODUCTION}
    options |= {f"production:{status}": f"Production, {word.lower()}" for status, word in _PRODUCTION.items()}
    with st.form("map_stage", border=False):
        chosen = st.selectbox(
            "Which stage is it in?",
            list(options),
            index=None,
            format_func=lambda name: options.get(name, name),
            key="map_stage:stage",
            placeholder="Choose",
            width=320,
        )
        if not st.form_submit_button("Place it there", type="primary"):
            return
        if chosen is None:
            refusal(Invalid({"stage": "Choose the stage it is in."}))
            return
        stage, _, status = chosen.partition(":")
        perform(
            actions.map_stage,
            done=f"It is in {options[chosen]}.",
            project_id=view.project.id,
            stage=Stage(stage),
            status=ProjectStatus(status) if status else ProjectStatus.ACTIVE,
        )


def _facts(view: ProjectOverview, register: RegisterFacts) -> None:
    st.header("From the register", anchor=False)
    stage = view.project.stage.title if view.project.stage else ""
    if view.project.status in _PRODUCTION:
        stage = f"{stage}, {_PRODUCTION[view.project.status].lower()}"
    definitions(
        [
            ("Register", f"{register.register_name}, row {register.row_number}"),
            ("Stage there", register.stage_word or "not said"),
            ("Placed here in", stage or "not placed yet"),
            ("Risk in its words", register.risk or "not said"),
            ("Organisation", view.project.organisation),
            ("Its number", register.external_id),
        ]
    )
    if register.gone_at is not None:
        st.caption(f"It was no longer in the register on {register.gone_at:%Y-%m-%d}.")
    _said(register.facts, "What the register says about this project")
    if register.others:
        with st.expander(
            f"Everything else in its row ({len(register.others)})", icon=":material/table_rows:"
        ):
            _said(register.others, "Further columns of the register for this project")


def _said(pairs: Sequence[tuple[str, str]], alt: str) -> None:
    known = [(label, content) for label, content in pairs if content]
    if known:
        st.table(
            [{"What": plain(label), "The register says": plain(content)} for label, content in known],
            border="horizontal",
            hide_index=True,
            alt=alt,
        )
