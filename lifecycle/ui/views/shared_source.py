"""A data source that another project has as well: taking its record, and what changed there since."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import copies
from lifecycle.errors import Invalid
from lifecycle.language import counted, say
from lifecycle.queries import shared_sources as queries
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.shared_sources import ChangeThere, SharedRecord, TakeableSource
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import one_line, plain, refusal
from lifecycle.ui.perform import attempt, perform
from lifecycle.ui.unfolding import is_wanted

_LONGEST = 240
_CHOSEN, _NAME = "shared:source", "shared:name"


def offer(project: ProjectHead) -> None:
    """The way to take the record of a source that another project describes already."""
    fold = st.expander(
        say("Take one from another project"), icon=":material/input:", key="shared", on_change="rerun"
    )
    if not is_wanted(fold, f"shared:{project.id}"):
        return
    with fold:
        # Sources of any readable project: no single chain stands for them.
        found: tuple[TakeableSource, ...] = cache.read(
            queries.takeable, by=identity.actor(), project_id=project.id
        )
        if not found:
            st.caption(say("No other project that you may read has a data source."))
            return
        _form(project, {source.source_id: source for source in found})


def _form(project: ProjectHead, sources: dict[int, TakeableSource]) -> None:
    with st.form("take_source", border=False):
        st.caption(
            say(
                "Its answers are copied into this project and are yours from then on. What changes there later is "
                "shown here, and you decide whether to take it over."
            )
        )
        chosen = st.selectbox(
            say("Data source"),
            list(sources),
            index=None,
            format_func=lambda key: f"{sources[key].name} · {sources[key].project_name}",
            key=state.fresh(_CHOSEN),
            placeholder=say("Find one"),
            width=480,
        )
        name = st.text_input(
            say("Its name here (if another)"),
            key=state.fresh(_NAME),
            placeholder=say("As it is called there"),
            width=360,
        )
        if not st.form_submit_button(say("Take it over"), icon=":material/input:"):
            return
    if chosen is None:
        refusal(Invalid({"source": say("Choose a data source.")}))
        return
    outcome = attempt(
        copies.take_source, project_id=project.id, origin_source_id=chosen, name=name.strip() or None
    )
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.renew(_CHOSEN)
    state.renew(_NAME)
    state.flash(
        "success",
        say("{name} was taken over. Check that its answers hold here as well.", name=sources[chosen].name),
    )
    navigation.go("sources", project=project.key, source=outcome.value)


def show(project: ProjectHead, source_id: int, *, may_edit: bool) -> None:
    """Where this record is from, and each answer that is another one there by now."""
    found = cache.read_with_guide(queries.shared, by=identity.actor(), project_id=project.id)
    record: SharedRecord | None = found.get(source_id)
    if record is None:
        return
    if not record.project_key:
        words = say("Taken over from a project that you may not read.")
        st.caption(f":material/input: {words}")
        return
    address = navigation.address("sources", project=record.project_key)
    words = say(
        "Taken over from “{source}” of {project}.",
        source=plain(record.source_name),
        project=f"[{plain(record.project_name)}]({address})",
    )
    gone = f" {say('It is no longer in use there.')}" if record.is_gone else ""
    st.markdown(f":material/input: {words}{gone}", anchors=False)
    if not record.changes:
        return
    with st.container(border=True):
        words = counted(len(record.changes), "answer changed there since", "answers changed there since")
        st.markdown(f":orange[:material/sync_problem:] **{words}**", anchors=False)
        for change in record.changes:
            _change(project, source_id, change, may_edit=may_edit)
        if (
            may_edit
            and len(record.changes) > 1
            and st.button(say("Take all over"), key=f"follow:{source_id}:all")
        ):
            _follow(project, source_id, take={each.field_id: each.revision for each in record.changes})


def _change(project: ProjectHead, source_id: int, change: ChangeThere, *, may_edit: bool) -> None:
    with st.container(gap="xsmall"):
        st.markdown(f"**{plain(change.title)}**", anchors=False)
        st.markdown(say("There: {answer}", answer=plain(one_line(change.there, _LONGEST))), anchors=False)
        st.markdown(say("Here: {answer}", answer=plain(one_line(change.here, _LONGEST))), anchors=False)
        if not may_edit:
            return
        shown = {change.field_id: change.revision}
        with st.container(horizontal=True, gap="small"):
            if st.button(
                say("Take over"), key=f"follow:{source_id}:{change.field_id}", icon=":material/check:"
            ):
                _follow(project, source_id, take=shown)
            if st.button(say("Keep ours"), key=f"keep:{source_id}:{change.field_id}", type="tertiary"):
                _follow(project, source_id, keep=shown)


def _follow(
    project: ProjectHead,
    source_id: int,
    *,
    take: dict[str, int] | None = None,
    keep: dict[str, int] | None = None,
) -> None:
    perform(
        copies.follow_source,
        done=say("{answers} taken over.", answers=counted(len(take), "answer"))
        if take
        else say("Kept as it is here."),
        project_id=project.id,
        source_id=source_id,
        take=take or {},
        keep=keep or {},
    )
