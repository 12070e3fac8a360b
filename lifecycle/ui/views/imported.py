"""A project from a register: what the register says, as facts, and the way to take it over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.actions import projects as actions
from lifecycle.actions import registers as register_actions
from lifecycle.errors import Invalid
from lifecycle.language import mark, say
from lifecycle.queries import projects as projects_queries
from lifecycle.queries.look_alikes import resembling
from lifecycle.queries.overview import ProjectOverview, RegisterFacts, merged_facts
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, navigation, standing
from lifecycle.ui.components import definitions, empty_state, page_header, plain, refusal
from lifecycle.ui.perform import perform
from lifecycle.ui.unfolding import is_wanted
from lifecycle.vocabulary import ProjectStatus, Stage

_PRODUCTION = {
    ProjectStatus.ROLLOUT: mark("Rolling out"),
    ProjectStatus.LIVE: mark("Live"),
    ProjectStatus.RETIRED: mark("Retired"),
}


def show(view: ProjectOverview) -> None:
    """Nothing here looks assessed or signed: these are the words of the register."""
    with st.container(border=True):
        st.markdown(say(":gray[:material/help:] **Not assessed here**"), anchors=False)
        st.markdown(
            say(
                "This project comes from a register. It has no answers, no checks and no sign-offs here until a "
                "product manager adopts it; what the register says stays beside it as facts."
            ),
            anchors=False,
        )
        if view.project.stage is None:
            _choose_stage(view)
        elif "projects.adopt" in view.may:
            _adopt(view)
        else:
            st.caption(say("An administrator, or whoever is named its product manager, can adopt it."))
    if view.merged_into is not None:
        st.info(
            say(
                "It is the same product as [{project}]({address}), which shows these facts. "
                "Restoring it takes that back.",
                project=plain(view.merged_into.name),
                address=navigation.address("project", project=view.merged_into.key),
            ),
            icon=":material/merge:",
        )
    elif view.project.archived_at is None:
        _merge(view)
    if view.register is not None:
        _facts(view, view.register)


def merged(view: ProjectOverview) -> None:
    """On a project of ours: what registers say of it."""
    for register in cache.read(merged_facts, project_id=view.project.id):
        _facts(view, register, is_own=False)


def not_yet(project: ProjectHead, title: str) -> None:
    """Instead of a page about answers and sign-offs, for a project that has none here."""
    page_header(title, about=project.name, mark=standing.NOT_ASSESSED)
    empty_state(
        say("Not assessed here"),
        say(
            "This project comes from a register. Its overview shows what the register says, and the way to adopt it."
        ),
        icon="help",
        action=say("Open its overview"),
        to="project",
        project=project.key,
    )


def _adopt(view: ProjectOverview) -> None:
    stage = view.project.stage.title if view.project.stage else ""
    if st.button(
        say("Adopt it in {stage}", stage=stage),
        type="primary",
        icon=":material/assignment_turned_in:",
        key="adopt",
    ):
        perform(
            actions.adopt,
            done=say("You are its product manager now; it is assessed here from today on."),
            project_id=view.project.id,
        )


def _merge(view: ProjectOverview) -> None:
    """It may be a product that is planned here already: those that resemble it are offered first."""
    fold = st.expander(
        say("It is one of our projects already"),
        icon=":material/merge:",
        key="imported:merge",
        on_change="rerun",
    )
    key = f"merge:{view.project.id}:into"
    if not is_wanted(fold, key):
        return
    by = identity.actor()
    choices = cache.read(projects_queries.mergeable, by=by)
    alike = cache.read_now(resembling, by=by, name=view.project.name, purpose=view.project.purpose)
    names = {choice.key: choice for choice in choices}
    ordered = [known.key for known in alike if known.key in names]
    ordered += [name for name in names if name not in ordered]
    with fold:
        if not ordered:
            st.caption(
                say("You manage no project that it could be merged into. An administrator can merge any.")
            )
            return
        with st.form("merge", border=False):
            st.caption(
                say(
                    "It leaves the portfolio, and what the register says of it stands on your project from then on. "
                    "Importing the register again still follows it."
                )
            )
            chosen = st.selectbox(
                say("Which one is it?"),
                ordered,
                index=None,
                format_func=lambda name: names[name].name if name in names else name,
                key=key,
                placeholder=say("Those that resemble it come first"),
                width=480,
            )
            if not st.form_submit_button(say("Merge it"), icon=":material/merge:"):
                return
            if chosen is None:
                refusal(Invalid({"project": say("Choose the project that it is.")}))
                return
            into = cache.read_now(projects_queries.head, key=chosen, by=by)
            perform(
                register_actions.merge,
                done=say("It is part of {name} now.", name=names[chosen].name),
                project_id=view.project.id,
                into_id=into.id,
            )


def _choose_stage(view: ProjectOverview) -> None:
    """The register used a word that no mapping knows, so a person decides."""
    word = view.register.stage_word if view.register else ""
    said = (
        say("The register says “{word}”, which no mapping knows.", word=word)
        if word
        else say("The register names no stage.")
    )
    st.markdown(f":orange[:material/help_center:] {plain(said)}", anchors=False)
    if "projects.map_stage" not in view.may:
        st.caption(say("An administrator decides which stage it is in."))
        return
    options = {stage.value: stage.title for stage in Stage if stage is not Stage.PRODUCTION}
    options |= {
        f"production:{status}": f"{Stage.PRODUCTION.title}, {say(word).lower()}"
        for status, word in _PRODUCTION.items()
    }
    with st.form("map_stage", border=False):
        chosen = st.selectbox(
            say("Which stage is it in?"),
            list(options),
            index=None,
            format_func=lambda name: options.get(name, name),
            key="map_stage:stage",
            placeholder=say("Choose"),
            width=320,
        )
        if not st.form_submit_button(say("Place it there"), type="primary"):
            return
        if chosen is None:
            refusal(Invalid({"stage": say("Choose the stage it is in.")}))
            return
        stage, _, status = chosen.partition(":")
        perform(
            actions.map_stage,
            done=say("It is in {place}.", place=options[chosen]),
            project_id=view.project.id,
            stage=Stage(stage),
            status=ProjectStatus(status) if status else ProjectStatus.ACTIVE,
        )


def _facts(view: ProjectOverview, register: RegisterFacts, *, is_own: bool = True) -> None:
    """`is_own`: the register's project is the one shown, and not merged into it."""
    st.header(say("From the register"), anchor=False)
    stage = view.project.stage.title if view.project.stage and is_own else ""
    if stage and view.project.status in _PRODUCTION:
        stage = f"{stage}, {say(_PRODUCTION[view.project.status]).lower()}"
    here = [
        (say("Placed here in"), stage or say("not placed yet")),
        (say("Organisation"), view.project.organisation),
    ]
    definitions(
        [
            (
                say("Register"),
                say(
                    "{register}, row {number}",
                    register=register.register_name,
                    number=register.row_number,
                ),
            ),
            (say("Stage there"), register.stage_word or say("not said")),
            (say("Risk in its words"), register.risk or say("not said")),
            *(here if is_own else ()),
            (say("Its number"), register.external_id),
        ]
    )
    if register.gone_at is not None:
        st.caption(say("It was no longer in the register on {day:%Y-%m-%d}.", day=register.gone_at))
    _said(register.facts, say("What the register says about this project"))
    if register.others:
        with st.expander(
            say("Everything else in its row ({number})", number=len(register.others)),
            icon=":material/table_rows:",
        ):
            _said(register.others, say("Further columns of the register for this project"))


def _said(pairs: Sequence[tuple[str, str]], alt: str) -> None:
    known = [(label, content) for label, content in pairs if content]
    if known:
        st.table(
            [
                {say("What"): plain(label), say("The register says"): plain(content)}
                for label, content in known
            ],
            border="horizontal",
            hide_index=True,
            alt=alt,
        )
