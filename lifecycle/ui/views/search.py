"""Search: words in, places out, each leading to the exact question, source, gate or project."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import streamlit as st

from lifecycle.language import counted, say
from lifecycle.queries import search as queries
from lifecycle.queries.search import Hit
from lifecycle.ui import cache, components, identity, navigation, state
from lifecycle.ui.components import plain

_FIELD = "search:text"
_KINDS = {
    "project": ":material/flag:",
    "source": ":material/database:",
    "condition": ":material/rule:",
    "answer": ":material/edit_note:",
}


def show() -> None:
    """The address keeps what was searched for, so that it can be shared and come back to."""
    components.page_header(
        say("Search"), about=say("Names, answers, data sources and conditions of all projects you may read.")
    )
    asked = navigation.here("q") or ""
    if not state.has(_FIELD):
        state.put(_FIELD, asked)
    st.text_input(
        say("Words to find"),
        key=_FIELD,
        placeholder=say("reorder forecast"),
        icon=":material/search:",
        on_change=_ask,
        width=560,
    )
    if len("".join(asked.split())) < queries.SHORTEST:
        st.caption(
            say("Type at least two letters and press Enter. All words have to stand in the same place.")
        )
        return
    found = cache.read_with_guide(queries.search, by=identity.actor(), text=asked)
    if not found.hits:
        components.empty_state(
            say("Nothing found"),
            say("Try fewer or other words, or only the beginning of one."),
            icon="search_off",
        )
        return
    _sentence(found)
    # In the order in which each project came up first.
    order = {key: place for place, key in enumerate(dict.fromkeys(hit.project_key for hit in found.hits))}
    ordered = sorted(found.hits, key=lambda hit: order[hit.project_key])
    for _, hits in groupby(ordered, key=lambda hit: hit.project_key):
        _project(list(hits))


def _ask() -> None:
    navigation.stay(q=str(state.value(_FIELD) or "").strip() or None)


def _sentence(found: queries.Found) -> None:
    projects = len({hit.project_key for hit in found.hits})
    counts = {"places": counted(len(found.hits), "place"), "projects": counted(projects, "project")}
    if found.is_cut:
        said = say(
            "{places} in {projects}; there are more, so add a word to narrow it down.",
            **counts,
        )
    else:
        said = say("{places} in {projects}.", **counts)
    st.markdown(said, anchors=False)


def _project(hits: list[Hit]) -> None:
    first = hits[0]
    with st.container(border=True, gap="xsmall"):
        archived = f" :gray[:small[{say('archived')}]]" if first.is_archived else ""
        st.markdown(f"**{plain(first.project_name)}**{archived}", anchors=False)
        for hit in hits:
            _hit(hit)


def _hit(hit: Hit) -> None:
    name, query = _target(hit)
    with st.container(gap=None):
        label = say("Overview") if hit.kind == "project" else plain(hit.title)
        about: dict[str, Any] = {"project": hit.project_key, **query}
        navigation.link(name, label, icon=_KINDS[hit.kind], **about)
        if hit.excerpt:
            st.caption(plain(hit.excerpt))


def _target(hit: Hit) -> tuple[str, dict[str, str]]:
    if hit.kind == "answer" and (target := components.field_target(hit.key, cache.guide())):
        return target
    if hit.kind == "source":
        return "sources", {"source": str(hit.source_id)}
    if hit.kind == "condition" and hit.gate is not None:
        return "gate", {"gate": hit.gate.value}
    return "project", {}
