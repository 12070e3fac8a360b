"""Saved mappings: what can be done to each, and one that comes in as a file."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.actions.register_mappings import remove_mapping
from lifecycle.errors import GuideError, LifecycleError
from lifecycle.interchange.mappings import RegisterMapping
from lifecycle.interchange.register_words import NOTIONS
from lifecycle.interchange.saved_mappings import (
    keep_mapping,
    mapping_from_file,
    mapping_yaml,
    retitle_mapping,
)
from lifecycle.language import counted, say
from lifecycle.queries.registers import SavedMappingView
from lifecycle.ui import components, identity, state
from lifecycle.ui.components import ago, plain
from lifecycle.ui.file_form import file_form, file_line, put_away, waiting_file
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.web.register_upload import PATH

_WAITS_AS = "mapping"


def show(saved: Sequence[SavedMappingView]) -> None:
    """The saved ones, then the way in for another."""
    st.header(say("Saved mappings"), anchor=False)
    if not saved:
        st.caption(say("None yet. One is saved while a register is imported, or comes in as a file."))
    _listed(saved)
    uploaded = waiting_file(_WAITS_AS)
    if uploaded is None:
        with st.expander(say("Add a mapping from a file"), icon=":material/upload_file:"):
            file_form(
                PATH,
                "mapping-file",
                label=say(
                    "Mapping file (YAML), as this page or “import mapping” on the command line gives it"
                ),
                accept=".yaml,.yml",
                button=say("Read the mapping"),
                places={"kind": _WAITS_AS},
            )
        return
    with st.container(border=True):
        file_line(uploaded, "import:mapping:another", _WAITS_AS)
        try:
            mapping = mapping_from_file(uploaded.content, uploaded.name)
        except LifecycleError as error:
            components.refusal(error)
        except GuideError as error:
            st.error(plain(str(error)), icon=":material/error:")
        else:
            _found(mapping, saved)


def _found(mapping: RegisterMapping, saved: Sequence[SavedMappingView]) -> None:
    """What the file says, and the button that saves it, or puts it in the place of the one of its name."""
    there = next((view for view in saved if view.name == mapping.name), None)
    words = sum(len(rule.words) + len(rule.prefixes) for rule in mapping.stages)
    columns = sum(bool(getattr(mapping.columns, notion)) for notion in NOTIONS)
    st.markdown(
        say(
            "**{mapping}**  \n:small[:gray[{name} · knows {columns} and {words}]]",
            mapping=plain(mapping.title),
            name=plain(mapping.name),
            columns=counted(columns, "column"),
            words=counted(words, "stage word"),
        ),
        anchors=False,
    )
    if there and there.content == mapping_yaml(mapping):
        st.caption(say("It is saved already, word for word."))
        return
    if there:
        st.caption(
            plain(
                say(
                    "“{mapping}” has the same name ({name}) and would be replaced.",
                    mapping=there.title,
                    name=there.name,
                )
            )
        )
    label = say("Replace {mapping}", mapping=plain(there.title)) if there else say("Save this mapping")
    if st.button(label, key="import:mapping:save", type="primary", icon=":material/save:"):
        outcome = attempt(keep_mapping, mapping=mapping, base=there.revision if there else 0)
        if outcome.refusal is not None:
            components.refusal(outcome.refusal)
            return
        put_away(_WAITS_AS)
        state.flash(
            "success", say("{mapping} is saved and used for the files it fits.", mapping=mapping.title)
        )
        draw_again()


def _listed(saved: Sequence[SavedMappingView]) -> None:
    now = identity.now()
    for view in saved:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                say(
                    "**{mapping}**  \n:small[:gray[{name} · saved by {who} {ago}]]",
                    mapping=plain(view.title),
                    name=plain(view.name),
                    who=plain(view.by_name),
                    ago=ago(view.saved_at, now),
                ),
                width="stretch",
                anchors=False,
            )
            st.download_button(
                say("File"),
                view.content.encode(),
                file_name=f"{view.name}.yaml",
                mime="application/yaml",
                icon=":material/download:",
                key=f"import:file:{view.name}",
                on_click="ignore",
                help=say("For another installation, or to change it with a text editor."),
            )
            _rename(view)
            _remove(view)


def _rename(view: SavedMappingView) -> None:
    with st.popover(say("Rename"), icon=":material/edit:", key=f"import:rename:{view.name}"):
        key = state.widget_key("import:rename", view.name, "title")
        if not state.has(key):
            state.put(key, view.title)
        title = st.text_input(say("New name"), key=key, max_chars=60)
        if st.button(say("Rename it"), key=f"import:rename:{view.name}:press", type="primary"):
            perform(
                retitle_mapping,
                done=say("It is called {title} now.", title=title),
                name=view.name,
                title=title or "",
            )


def _remove(view: SavedMappingView) -> None:
    with st.popover(say("Delete"), icon=":material/delete:", key=f"import:remove:{view.name}"):
        st.markdown(
            say(
                "What was imported with it stays as it is. Later files are read by the mapping that fits best."
            )
        )
        if st.button(say("Delete it"), key=f"import:remove:{view.name}:press", type="primary"):
            perform(remove_mapping, done=say("{mapping} is deleted.", mapping=view.title), name=view.name)
