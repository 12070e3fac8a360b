"""Imported projects whose stage word nobody knows: a person says where they stand, by word or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from lifecycle.actions import projects as actions
from lifecycle.language import counted, say, say_count
from lifecycle.queries import registers as queries
from lifecycle.queries.registers import UnplacedProject
from lifecycle.ui import cache, components, identity, standing, state
from lifecycle.ui.components import plain
from lifecycle.ui.perform import attempt, draw_again
from lifecycle.vocabulary import ProjectStatus, Stage

_IN_PRODUCTION = (ProjectStatus.ROLLOUT, ProjectStatus.LIVE, ProjectStatus.RETIRED)
PLACES: dict[str, tuple[Stage, ProjectStatus]] = {
    **{stage.value: (stage, ProjectStatus.ACTIVE) for stage in Stage if stage is not Stage.PRODUCTION},
    **{status.value: (Stage.PRODUCTION, status) for status in _IN_PRODUCTION},
}


def place_title(stage: Stage, status: ProjectStatus) -> str:
    """A stage, in Production with what the project does there."""
    if stage is not Stage.PRODUCTION:
        return stage.title
    return f"{stage.title}, {standing.STATUSES[status].word.lower()}"


def show() -> None:
    """Nothing when every imported project has its place."""
    found = cache.read(queries.unplaced, by=identity.actor())
    if not found.total:
        return
    st.header(say("For you to place"), anchor=False)
    st.markdown(
        say_count(
            "{number:,} imported project has a stage word that no mapping knows. "
            "Nobody guesses: say where they stand.",
            "{number:,} imported projects have a stage word that no mapping knows. "
            "Nobody guesses: say where they stand.",
            found.total,
        ),
        anchors=False,
    )
    if found.total > len(found.projects):
        st.caption(
            say(
                "The first {number:,} are shown; the others follow as you place these.",
                number=len(found.projects),
            )
        )
    for word, projects in groupby(found.projects, key=lambda project: project.word):
        _word(word, tuple(projects))


def _word(word: str, projects: Sequence[UnplacedProject]) -> None:
    """One word of the register: all of its projects at once, or each by itself."""
    title = say("“{word}”", word=components.one_line(word, 80)) if word else say("No stage word at all")
    key = state.widget_key("place", word)
    with st.container(border=True):
        st.markdown(f"**{plain(title)}** · {counted(len(projects), 'project')}", anchors=False)
        with st.form(key, border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            place = _select(
                say("Place all {number:,}", number=len(projects)) if len(projects) > 1 else say("Place it"),
                key,
            )
            submitted = st.form_submit_button(say("Place"), icon=":material/check:")
        if submitted:
            _place([(project, place) for project in projects])
        if len(projects) > 1:
            _one_by_one(key, projects)


def _one_by_one(key: str, projects: Sequence[UnplacedProject]) -> None:
    with st.expander(say("One by one"), icon=":material/list:"), st.form(f"{key}:each", border=False):
        choices = []
        for project in projects[:50]:
            label = f"{components.one_line(project.name, 90)} · {project.organisation}"
            choices.append(
                (project, _select(plain(label), state.widget_key(key, project.key), width="stretch"))
            )
        if st.form_submit_button(say("Place those chosen"), icon=":material/check:"):
            _place([choice for choice in choices if choice[1]])


def _select(label: str, key: str, width: int | str = 320) -> str | None:
    return st.selectbox(
        label,
        list(PLACES),
        index=None,
        format_func=lambda name: place_title(*PLACES[name]) if name in PLACES else name,
        key=f"{key}:stage",
        placeholder=say("Choose a stage"),
        width="stretch" if isinstance(width, str) else width,
    )


def _place(choices: Sequence[tuple[UnplacedProject, str | None]]) -> None:
    """One change for each project; the first refusal stops and says why."""
    done = 0
    for project, place in choices:
        if place not in PLACES:
            st.error(say("Choose a stage first."), icon=":material/error:")
            return
        stage, status = PLACES[place]
        outcome = attempt(actions.map_stage, project_id=project.project_id, stage=stage, status=status)
        if outcome.refusal is not None:
            components.refusal(outcome.refusal)
            return
        done += 1
    if not done:
        st.error(say("Choose a stage for at least one of them."), icon=":material/error:")
        return
    state.flash("success", say_count("{number:,} project placed.", "{number:,} projects placed.", done))
    draw_again()
