"""Worksheets as spreadsheets: one is downloaded, filled in elsewhere, and comes back with what it would change."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.errors import LifecycleError
from lifecycle.interchange.register_files import RegisterFile
from lifecycle.interchange.worksheet_import import SheetChange, SheetPlan, apply_import, plan_import
from lifecycle.interchange.worksheet_xlsx import make_workbook
from lifecycle.language import counted, language, say, say_count, speaking
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.permissions import refusal
from lifecycle.ui import cache, components, identity, navigation, state
from lifecycle.ui.components import one_line, plain
from lifecycle.ui.file_form import file_form, file_line, put_away, waiting_file
from lifecycle.ui.perform import attempt, draw_again
from lifecycle.vocabulary import Stage
from lifecycle.web.worksheet_upload import PATH

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STAGE = "spreadsheets:stage"
_SOURCES = "sources"
_LONGEST = 300


def show(project: ProjectHead) -> None:
    """Downloading for everybody who reads the project, bringing back for those who may answer."""
    components.page_header(
        say("Spreadsheets"),
        about=say(
            "{project}. Fill a worksheet in elsewhere, in a meeting or with a supplier, and bring it back.",
            project=project.name,
        ),
    )
    brought = waiting_file()
    if brought is not None:
        _what_would_change(project, brought)
        return
    _download(project)
    forbidden = refusal("answers.import_sheet", identity.actor(), project.roles)
    st.header(say("Bring one back"), anchor=False)
    if not project.is_open:
        st.info(
            say("Nothing can be answered in this project now: it is archived or not adopted."),
            icon=":material/lock:",
        )
    elif forbidden:
        st.info(plain(f"{say('You can download worksheets.')} {forbidden}"), icon=":material/lock:")
    else:
        file_form(
            f"{PATH}?{navigation.query_text(project=project.key)}",
            "worksheet-file",
            label=say("The filled-in workbook (.xlsx)"),
            accept=".xlsx",
            button=say("See what would change"),
        )
        st.caption(
            say("Nothing is saved before you have seen each change. Newer answers are not overwritten.")
        )


# ------------------------------------------------------------------ out


def _download(project: ProjectHead) -> None:
    st.header(say("Download a worksheet"), anchor=False)
    names = {stage.value: say("{stage} worksheet", stage=stage.title) for stage in Stage}
    names[_SOURCES] = say("Data sources")
    if not state.has(_STAGE):
        state.put(_STAGE, (project.stage or Stage.DISCOVERY).value)
    chosen = st.selectbox(
        say("Worksheet"), list(names), format_func=lambda name: names[name], key=_STAGE, width=420
    )
    stage = None if chosen == _SOURCES else Stage(chosen)
    by, guide, spoken = identity.actor(), cache.guide(), language()

    def made() -> bytes:
        # Called when the button is pressed, by a request that belongs to nobody.
        with speaking(spoken), cache.database().read() as session:
            return make_workbook(
                session, by=by, at=identity.now(), guide=guide, key=project.key, stage=stage
            ).data

    st.download_button(
        say("Download as Excel workbook"),
        made,
        file_name=f"{project.key}-{chosen}.xlsx",
        mime=_XLSX,
        icon=":material/download:",
        key="spreadsheets:download",
        on_click="ignore",
    )
    st.caption(
        say(
            "It holds the questions with help, the choices and the answers of now. What is not to be typed is locked."
        )
    )


# ------------------------------------------------------------------ in


def _what_would_change(project: ProjectHead, brought: RegisterFile) -> None:
    file_line(brought, "spreadsheets:another")
    try:
        plan = cache.read_now(
            plan_import,
            by=identity.actor(),
            at=identity.now(),
            guide=cache.guide(),
            key=project.key,
            content=brought.content,
            name=brought.name,
        )
    except LifecycleError as error:
        components.refusal(error)
        return
    st.markdown(f"**{plain(_sentence(plan))}**", anchors=False)
    if plan.other_guide:
        st.info(
            say(
                "The workbook was made with version {version} of the guide.", version=plain(plan.other_guide)
            ),
            icon=":material/info:",
        )
    _problems(plan)
    _table(say("What would change"), plan.changes, say("Now"))
    chosen = _conflicts(plan.conflicts)
    _apply(project, brought, plan, chosen)


def _sentence(plan: SheetPlan) -> str:
    if not (plan.changes or plan.conflicts or plan.problems):
        return say_count(
            "Nothing in it differs from the answers here: {number:,} question as they were.",
            "Nothing in it differs from the answers here: {number:,} questions as they were.",
            plan.unchanged,
        )
    parts = [counted(len(plan.changes), "answer would change", "answers would change")]
    if plan.conflicts:
        newer = counted(
            len(plan.conflicts), "answer newer than the workbook", "answers newer than the workbook"
        )
        parts.append(newer)
    if plan.problems:
        parts.append(counted(len(plan.problems), "cell to mend first", "cells to mend first"))
    return ", ".join(parts) + "."


def _problems(plan: SheetPlan) -> None:
    if not plan.problems:
        return
    st.header(say("To mend first"), anchor=False)
    st.caption(
        say(
            "Nothing can be saved while a cell cannot be taken. Mend these in the workbook and bring it again."
        )
    )
    st.table(
        [
            {
                say("Cell"): plain(problem.place),
                say("What is wrong"): plain(one_line(problem.text, _LONGEST)),
            }
            for problem in plan.problems
        ],
        border="horizontal",
        hide_index=True,
        alt=say("Cells of the workbook that cannot be taken, and why"),
    )


def _table(title: str, changes: Sequence[SheetChange], before: str) -> None:
    if not changes:
        return
    st.header(title, anchor=False)
    st.table(
        [
            {
                say("Question"): plain(_title(change)),
                before: plain(one_line(change.before, _LONGEST)),
                say("In the workbook"): plain(one_line(change.after, _LONGEST)),
            }
            for change in changes
        ],
        border="horizontal",
        hide_index=True,
        alt=say("{title}: each answer as it is and as the workbook has it", title=title),
    )


def _title(change: SheetChange) -> str:
    return f"{change.source}: {change.title}" if change.source else change.title


def _conflicts(conflicts: Sequence[SheetChange]) -> list[SheetChange]:
    """Each with both versions; returns those in which the workbook is to win."""
    if not conflicts:
        return []
    st.header(say("Answered meanwhile"), anchor=False)
    st.caption(
        say(
            "Somebody changed these after the workbook was downloaded. Theirs are kept unless you choose yours."
        )
    )
    chosen = []
    for number, change in enumerate(conflicts):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(_title(change))}**", anchors=False)
            st.markdown(f"{plain(change.by_name)}: {plain(one_line(change.before, _LONGEST))}", anchors=False)
            st.markdown(
                say("In the workbook: {answer}", answer=plain(one_line(change.after, _LONGEST))),
                anchors=False,
            )
            key = f"spreadsheets:mine:{number}:{change.found}"
            if st.checkbox(say("Save the workbook's answer instead"), key=key):
                chosen.append(change)
    return chosen


def _apply(
    project: ProjectHead, brought: RegisterFile, plan: SheetPlan, chosen: Sequence[SheetChange]
) -> None:
    forbidden = refusal("answers.import_sheet", identity.actor(), project.roles)
    count = len(plan.changes) + len(chosen)
    if plan.problems or not (plan.changes or plan.conflicts):
        return
    if forbidden:
        st.info(plain(forbidden), icon=":material/lock:")
        return
    label = say("Save {answers}", answers=counted(count, "answer")) if count else say("Nothing to save")
    if not st.button(label, type="primary", key="spreadsheets:apply", disabled=not count):
        return
    outcome = attempt(
        apply_import,
        key=project.key,
        content=brought.content,
        name=brought.name,
        overwrite=frozenset((change.place, change.found) for change in chosen),
    )
    if outcome.refusal:
        components.refusal(outcome.refusal)
    elif outcome.value is not None:
        done = say("{answers} saved.", answers=counted(outcome.value.changed, "answer"))
        if outcome.value.kept:
            kept = say("{answers} kept.", answers=counted(len(outcome.value.kept), "newer answer"))
            done = f"{done} {kept}"
        state.flash("success", done)
        put_away()
        draw_again()
