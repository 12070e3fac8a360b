"""New project: three lines, a look at what resembles it, and on to its first worksheet."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import projects
from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.queries.look_alikes import resembling
from lifecycle.queries.projects import key_of
from lifecycle.rules.look_alikes import Known
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import one_line, page_header, plain, refusal
from lifecycle.ui.file_form import file_form
from lifecycle.ui.perform import attempt
from lifecycle.vocabulary import Stage
from lifecycle.web.document_upload import PATH

NAME, PURPOSE, UNIT = "new_project:name", "new_project:purpose", "new_project:unit"
_COMPARED = "new_project:compared"  # the name and purpose whose look-alikes this person has seen


def show() -> None:
    """The whole page."""
    page_header(
        say("New project"), about=say("A name is enough. You are its product manager, and Discovery begins.")
    )
    with st.form("new_project", enter_to_submit=False):
        name = st.text_input(
            say("Name"), key=NAME, placeholder=say("Reorder forecast"), persist_state="session"
        )
        purpose = st.text_area(
            say("Purpose"),
            key=PURPOSE,
            placeholder=say(
                "Tell store planners by Monday how much of each article to order for the week after."
            ),
            help=say("Who decides or does what differently because of it? One or two sentences."),
            persist_state="session",
        )
        unit = st.text_input(
            say("Owning unit"), key=UNIT, placeholder=say("Supply chain"), persist_state="session"
        )
        submitted = st.form_submit_button(say("Register project"), type="primary", icon=":material/add:")
    if submitted:
        _register(name, purpose, unit)
    _from_a_document()


def _from_a_document() -> None:
    """A project that was exported here or elsewhere."""
    with st.expander(say("Bring in a whole-project document"), icon=":material/upload_file:"):
        st.markdown(
            say(
                "A project that somebody took out of Lifecycle becomes a new project of yours, with every answer "
                "and its history. What was decided elsewhere is shown, and counts here only once somebody here "
                "affirms it."
            ),
            anchors=False,
        )
        most = cache.settings().largest_import_megabytes
        file_form(
            PATH,
            "project-document",
            label=say("Whole-project document (JSON), at most {most} MB", most=most),
            accept=".json",
            button=say("Bring it in"),
        )


def _register(name: str, purpose: str, unit: str) -> None:
    alike = () if state.value(_COMPARED) == [name, purpose] or not name.strip() else _alike(name, purpose)
    if alike:
        state.put(_COMPARED, [name, purpose])
        _show_alike(alike)
        return
    outcome = attempt(projects.register, name=name, purpose=purpose, organisation=unit)
    if outcome.value is None:
        refusal(outcome.refusal or Invalid(say("Nothing was registered; try again.")))
        return
    key = cache.read_now(key_of, project_id=outcome.value)
    for note in (NAME, PURPOSE, UNIT, _COMPARED):
        state.forget(note)
    state.remember_project(key)
    state.flash("success", say("Registered. These are the questions of Discovery; answer what you know."))
    target = "worksheet" if navigation.exists("worksheet") else "project"
    navigation.go(target, project=key, stage=Stage.DISCOVERY.value)


def _alike(name: str, purpose: str) -> tuple[Known, ...]:
    return cache.read_now(resembling, by=identity.actor(), name=name, purpose=purpose)


def _show_alike(alike: tuple[Known, ...]) -> None:
    """The look-alikes with a way to each; pressing the button again registers all the same."""
    with st.container(border=True):
        st.markdown(say(":orange[:material/content_copy:] **Is it one of these?**"), anchors=False)
        for known in alike:
            with st.container(gap=None):
                navigation.link("project", plain(known.name), icon=":material/flag:", project=known.key)
                if known.purpose:
                    st.caption(plain(one_line(known.purpose, 160)))
        st.caption(say("If yours is another one, press “Register project” again."))
