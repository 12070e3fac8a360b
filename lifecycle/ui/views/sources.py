"""Data sources: the inputs of a project, and the record of one of them, saved as it is typed."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import sources as actions
from lifecycle.errors import Conflict
from lifecycle.guide import FieldSpec, WorksheetSpec
from lifecycle.language import counted, say
from lifecycle.queries import worksheets
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.worksheets import RemovedSource, SourceName
from lifecycle.rules.answers import is_complete
from lifecycle.rules.permissions import refusal as permission_refusal
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import empty_state, page_header, plain, refusal
from lifecycle.ui.fields import Slot
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.project import chains
from lifecycle.ui.views import imported, shared_source
from lifecycle.ui.views.question import draw_question
from lifecycle.ui.views.sheet import Sheet, begin_drawing, sheet_of
from lifecycle.vocabulary import AnswerState

_NEW = "sources:new"


def show(project: ProjectHead) -> None:
    """All sources, and the record that the address names or else the first one."""
    if not project.is_adopted:
        imported.not_yet(project, say("Data sources"))
        return
    forbidden = permission_refusal("answers.save", identity.actor(), project.roles)
    may_edit = project.is_open and forbidden is None
    sheet = sheet_of(project, may_edit=may_edit, asked_for=navigation.here("field"))
    record = cache.guide().source_worksheet
    page_header(say("Data sources"), about=f"{project.name}. {record.purpose}")
    if forbidden and project.is_open:
        st.info(plain(f"{say('You can read this.')} {forbidden}"), icon=":material/lock:")
    if not sheet.answers.sources:
        empty_state(
            say("No data source yet"),
            say(
                "Name every input the product needs: a table, a feed, a form somebody fills in. "
                "Each one gets a record of its own."
            ),
            icon="database",
        )
    chosen = _choose(project, sheet)
    if may_edit:
        _add(project)
        shared_source.offer(project)
        _removed(project)
    if chosen is not None:
        _record(project, sheet, record, chosen)


# ------------------------------------------------------------------ choosing


def _choose(project: ProjectHead, sheet: Sheet) -> SourceName | None:
    """The sources as buttons, each with how much of its record is there."""
    sources = sheet.answers.sources
    if not sources:
        return None
    asked = navigation.here("source")
    chosen = next((source for source in sources if str(source.id) == asked), sources[0])
    fields = cache.guide().source_worksheet.fields
    with st.container(horizontal=True, gap="small"):
        for source in sources:
            done = sum(_is_settled(sheet, source, field) for field in fields)
            label = f"{plain(source.name)} · {done}/{len(fields)}"
            if st.button(
                label,
                key=f"source:{source.id}",
                type="primary" if source is chosen else "secondary",
                icon=":material/database:",
            ):
                navigation.go("sources", project=project.key, source=source.id)
    return chosen


def _is_settled(sheet: Sheet, source: SourceName, field: FieldSpec) -> bool:
    answer = sheet.answers.answer(field.id, source.id)
    if answer is None or answer.state in (None, AnswerState.DONT_KNOW):
        return False
    return answer.state is AnswerState.NOT_APPLICABLE or is_complete(field, answer.stored)


def _add(project: ProjectHead) -> None:
    with (
        st.form("add_source", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(
            say("Add a data source"), key=state.fresh(_NEW), placeholder=say("Vendor price feed"), width=360
        )
        submitted = st.form_submit_button(say("Add"), icon=":material/add:")
    if not submitted:
        return
    outcome = attempt(actions.add, project_id=project.id, name=name)
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.renew(_NEW)
    state.flash("success", say("{name} was added. Its record is below.", name=name.strip()))
    navigation.go("sources", project=project.key, source=outcome.value)


def _removed(project: ProjectHead) -> None:
    removed: tuple[RemovedSource, ...] = cache.read(
        worksheets.removed_sources, *chains(project), project_id=project.id
    )
    if not removed:
        return
    with st.expander(
        counted(len(removed), "source no longer used", "sources no longer used"),
        icon=":material/inventory_2:",
    ):
        for source in removed:
            with st.container(horizontal=True, vertical_alignment="center"):
                gone = say("removed {day}", day=source.removed_at.date())
                st.markdown(
                    f"{plain(source.name)} :gray[:small[{gone}]]",
                    width="stretch",
                    anchors=False,
                )
                if st.button(say("Bring back"), key=f"restore:{source.id}", icon=":material/undo:"):
                    perform(
                        actions.restore,
                        done=say("{source} is back with its record.", source=source.name),
                        project_id=project.id,
                        source_id=source.id,
                    )


# ------------------------------------------------------------------ one record


def _record(project: ProjectHead, sheet: Sheet, record: WorksheetSpec, source: SourceName) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(plain(source.name), anchor=False, width="content")
        if sheet.may_edit:
            _rename_or_remove(project, source)
    shared_source.show(project, source.id, may_edit=sheet.may_edit)
    begin_drawing(may_edit=sheet.may_edit)
    asked = navigation.here("field")
    ordered = sorted(record.sections, key=lambda section: not _holds(record, section.id, asked))
    for section in ordered:
        st.subheader(plain(section.title), anchor=False)
        if section.intro:
            st.caption(plain(section.intro))
        for field in record.fields:
            if field.section == section.id:
                draw_question(Slot(project.id, field.id, source.id), sheet)


def _holds(record: WorksheetSpec, section: str, field_id: str | None) -> bool:
    """The section with the question that somebody came for stands first."""
    return any(field.id == field_id and field.section == section for field in record.fields)


def _rename_or_remove(project: ProjectHead, source: SourceName) -> None:
    key = f"rename:{source.id}:name"
    base = state.base(key, source.revision)
    with st.popover(say("Rename or remove"), icon=":material/edit:"):
        with (
            st.form(f"rename:{source.id}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            name = st.text_input(say("Name"), value=source.name, key=key, width=360)
            renamed = st.form_submit_button(say("Rename"))
        if renamed:
            _rename(project, source, key, base, name)
        with st.form(f"remove:{source.id}", border=False):
            st.caption(
                say(
                    "Its record and history stay, and it can be brought back. Sign-offs that rest on it become stale."
                )
            )
            removed = st.form_submit_button(say("Remove this source"), icon=":material/inventory_2:")
        if removed:
            _remove(project, source)


def _rename(project: ProjectHead, source: SourceName, key: str, base: int, name: str) -> None:
    outcome = attempt(actions.rename, project_id=project.id, source_id=source.id, name=name, base=base)
    if outcome.refusal is None:
        state.forget(key)
        state.flash("success", say("Renamed."))
        draw_again()
    refusal(outcome.refusal)
    if isinstance(outcome.refusal, Conflict):
        state.rebase(key, outcome.refusal.found)
        st.caption(
            plain(say("It is called “{source}” now. Rename again to replace that.", source=source.name))
        )


def _remove(project: ProjectHead, source: SourceName) -> None:
    outcome = attempt(actions.remove, project_id=project.id, source_id=source.id)
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.flash("success", say("{source} is no longer used.", source=source.name))
    navigation.stay(source=None, field=None)
    draw_again()
