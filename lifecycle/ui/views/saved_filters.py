"""Views of the portfolio kept under a name: use one, keep what is chosen, rename, delete."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import streamlit as st

from lifecycle.actions import filters as actions
from lifecycle.events import ORGANISATION
from lifecycle.language import counted, say, say_as
from lifecycle.queries import saved_filters as queries
from lifecycle.queries.saved_filters import SavedView
from lifecycle.ui import cache, identity, state
from lifecycle.ui.components import plain
from lifecycle.ui.perform import perform

_FORM = "saved_view"


def menu(query: str, use: Callable[[str], None]) -> None:
    """A button that opens the kept views. `query` is what is chosen now; `use` chooses what another query says."""
    kept = cache.read(queries.own, ORGANISATION, by=identity.actor())
    label = say("Saved views ({number})", number=len(kept)) if kept else say("Saved views")
    with st.popover(label, icon=":material/bookmark:"):
        if not kept:
            st.caption(
                say("Choose filters, give them a name, and they are one click away. Only you see them.")
            )
        for view in kept:
            _view(view, use)
        _save(query)


def _view(view: SavedView, use: Callable[[str], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.button(
            plain(view.name),
            key=f"view:{view.id}",
            type="tertiary",
            icon=":material/filter_alt:",
            help=say("Show it"),
            on_click=use,
            args=(view.query,),
        )
        # A popover in a popover is not possible, so both stand behind one switch.
        if st.checkbox(say_as("Change", "verb"), key=f"view:{view.id}:change"):
            _change(view)


def _change(view: SavedView) -> None:
    with st.form(f"view:{view.id}:form", border=False):
        name = st.text_input(say("New name"), placeholder=view.name, key=f"view:{view.id}:name")
        if st.form_submit_button(say("Rename"), icon=":material/edit:"):
            perform(
                actions.rename,
                done=say("Renamed to “{name}”.", name=name.strip()),
                filter_id=view.id,
                name=name,
            )
    if st.button(say("Delete"), key=f"view:{view.id}:delete", icon=":material/delete:"):
        perform(actions.delete, done=say("Deleted the view “{name}”.", name=view.name), filter_id=view.id)


def _save(query: str) -> None:
    chosen = len(parse_qsl(query))
    with st.form(_FORM, border=False):
        name = st.text_input(
            say("Name for what is chosen now"),
            key=f"{state.fresh(_FORM)}:name",
            help=counted(chosen, "filter chosen", "filters chosen")
            if chosen
            else say("No filter is chosen yet"),
        )
        if st.form_submit_button(say("Save view"), icon=":material/bookmark_add:"):
            perform(
                actions.save,
                done=say("Saved as “{name}”.", name=name.strip()),
                clears=_FORM,
                name=name,
                query=query,
            )
