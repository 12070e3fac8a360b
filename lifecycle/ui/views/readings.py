"""Readings by hand: a file with a dry run before anything is stored, and the correction of a single one."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import monitors as actions
from lifecycle.actions.monitors import Pushed
from lifecycle.errors import LifecycleError
from lifecycle.interchange.readings import push_file, readings_of, try_file
from lifecycle.interchange.register_files import RegisterFile
from lifecycle.interchange.series import ReadingsFile
from lifecycle.interchange.tabular import read_table
from lifecycle.language import counted, say, written_number
from lifecycle.queries.monitors import MonitorView
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, components, identity, state
from lifecycle.ui.components import plain
from lifecycle.ui.file_form import file_form, file_line, put_away, waiting_file
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.web.readings_upload import PATH

_CORRECTION = "readings:correct"
_GUESS = ""
_MOST_PROBLEMS = 8


# ------------------------------------------------------------------ the file


def readings_form(label: str, **places: str | None) -> None:
    """The form for a file of readings, with where it belongs."""
    most = cache.settings().largest_import_megabytes
    file_form(
        PATH,
        "readings-file",
        label=say("{label}: CSV, Excel or JSON, at most {most} MB", label=label, most=most),
        accept=".csv,.tsv,.txt,.xlsx,.json,.jsonl",
        button=say("Read the file"),
        places=places,
    )


def columns(file: RegisterFile, key: str, *, own_limit: bool) -> tuple[str, str, str]:
    """Which columns hold the keys, the values and each row's own limit; "" where the file shows it by itself."""
    headers = [_GUESS, *read_table(file.content, file.name).headers]
    asked = [("key", say("Column that names each reading")), ("column", say("Column of the values"))]
    asked += [("limit", say("Column of the limits"))] if own_limit else []
    chosen = {"limit": ""}
    with st.container(horizontal=True, gap="small"):
        for name, label in asked:
            chosen[name] = st.selectbox(
                label,
                headers,
                key=f"{key}:{name}",
                format_func=lambda header: header or say("As the file shows it"),
                width=260,
            )
    return chosen["key"], chosen["column"], chosen["limit"]


# ------------------------------------------------------------------ storing


def upload(project: ProjectHead, view: MonitorView) -> None:
    """Nothing is stored before it was seen what would become of it."""
    st.subheader(say("Push readings"), anchor=False)
    file = waiting_file()
    if file is None:
        readings_form(say("File of readings"), project=project.key, monitor=view.key)
        st.caption(
            say(
                "Nothing is stored before you have seen what would happen. Pushing a file again changes nothing."
            )
        )
        return
    file_line(file, "readings:another")
    try:
        key, column, limit = columns(file, "readings:columns", own_limit=view.spec.limit_kind.value == "row")
        found = readings_of(file.content, view, key=key, column=column, limit=limit, filename=file.name)
        would = try_file(
            cache.database(),
            found,
            by=identity.actor(),
            at=identity.now(),
            guide=cache.guide(),
            monitor_id=view.id,
        )
    except LifecycleError as error:
        components.refusal(error)
        return
    _show(view, found, would)


def _show(view: MonitorView, found: ReadingsFile, would: Pushed) -> None:
    components.key_figures(
        [
            (
                say("New"),
                _figure(would.stored),
                say("{missing:,} of them missing", missing=would.missing) if would.missing else "",
            ),
            (say("Known already"), _figure(would.unchanged), ""),
            (say("In breach"), _figure(would.breaches), ""),
            (say("Would fire"), _figure(len(would.fires_at)), ""),
            (say("No reading"), _figure(would.refused), say("named below") if would.refused else ""),
        ]
    )
    st.markdown(plain(_what_would_happen(found, would)), anchors=False)
    for problem in would.problems[:_MOST_PROBLEMS]:
        st.caption(plain(say("{place}: {text}", place=problem.place, text=problem.text)))
    if would.refused > _MOST_PROBLEMS:
        st.caption(say("… and {refused:,} more.", refused=would.refused - _MOST_PROBLEMS))
    if would.stored and st.button(
        say("Store {readings}", readings=counted(would.stored, "reading")),
        type="primary",
        key="readings:store",
    ):
        outcome = attempt(push_file, found=found, monitor_id=view.id, method="file")
        if outcome.refusal is not None:
            components.refusal(outcome.refusal)
            return
        put_away()
        state.flash("success", say("{readings} stored.", readings=counted(would.stored, "reading")))
        draw_again()
    if not would.stored:
        st.caption(say("There is nothing new in this file."))


def _figure(number: int) -> str:
    return written_number(f"{number:,}")


def _what_would_happen(found: ReadingsFile, would: Pushed) -> str:
    said = [say("Read from “{key}” and “{column}”.", key=found.key, column=found.column)]
    if would.late:
        said.append(
            say(
                "{readings} would come late; the series is judged anew from there.",
                readings=counted(would.late, "reading"),
            )
        )
    if would.fires_at:
        fires = ", ".join(would.fires_at[:5]) + (" …" if len(would.fires_at) > 5 else "")
        said.append(say("It would fire at {fires}, open an incident and tell its owner.", fires=fires))
    return " ".join(said)


def correct(view: MonitorView) -> None:
    """The reading stays on record; what counts is said beside it."""
    key = state.fresh(_CORRECTION)
    with st.form("readings:correct", border=False, enter_to_submit=False):
        name = st.text_input(
            say("Reading (its date or key)"), key=f"{key}:key", placeholder=view.latest_key or ""
        )
        is_missing = st.checkbox(say("It is missing"), key=f"{key}:missing")
        value = st.number_input(
            say("What it should have said"), value=None, key=f"{key}:value", format="%g", step=None
        )
        reason = st.text_input(say("How you know"), key=f"{key}:reason")
        if st.form_submit_button(say("Correct it"), type="primary"):
            if value is None and not is_missing:
                st.error(say("Give the number, or say that it is missing."), icon=":material/error:")
                return
            perform(
                actions.correct,
                done=say("Corrected. The series is judged with it."),
                clears=_CORRECTION,
                monitor_id=view.id,
                key=name,
                value=None if is_missing else value,
                reason=reason,
            )
