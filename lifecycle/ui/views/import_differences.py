"""What an import would change or has changed, and the rows of a file that a person should look at, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from lifecycle.interchange.mappings import locate
from lifecycle.interchange.register_import import ImportPlan, PlannedProject
from lifecycle.interchange.registers import RegisterReading
from lifecycle.language import counted, say
from lifecycle.ui import components
from lifecycle.ui.components import plain

_MOST_LINES = 2_000
Line = tuple[str, str, str, str]  # project, field, before, after


def planned(reading: RegisterReading, plan: ImportPlan) -> None:
    """Each group folded, with its number: changed fields, new, no longer listed, duplicates, problems."""
    if plan.changes:
        with st.expander(
            say("{projects} would change: which fields", projects=counted(plan.changed, "project")),
            icon=":material/difference:",
        ):
            changed_fields(
                (change.name, field.field, field.before, field.after)
                for change in plan.changes
                for field in change.fields
            )
    _projects(plan.new, say("new project"), ":material/add:")
    kept = say("no longer listed: kept and marked")
    _projects(plan.left_out, f"project {kept}", ":material/remove:", f"projects {kept}")
    duplicates(reading)
    problems(reading)


def changed_fields(lines: Iterable[Line]) -> None:
    """Old beside new, field by field."""
    shown = [line for _, line in zip(range(_MOST_LINES), lines, strict=False)]
    st.dataframe(
        {
            "Project": [line[0] for line in shown],
            "Field": [line[1] for line in shown],
            "Before": [components.one_line(line[2], 300) or "blank" for line in shown],
            "After": [components.one_line(line[3], 300) or "blank" for line in shown],
        },
        hide_index=True,
        alt=say("Fields that differ, with what they said before and say after"),
        column_config={
            name: st.column_config.TextColumn(width="medium")
            for name in (say("Project"), say("Before"), say("After"))
        },
    )
    if len(shown) == _MOST_LINES:
        st.caption(
            say(
                "The first {most_lines:,} are shown; the command line prints all of them.",
                most_lines=_MOST_LINES,
            )
        )


def _projects(projects: Sequence[PlannedProject], what: str, icon: str, many: str = "") -> None:
    if not projects:
        return
    with st.expander(counted(len(projects), what, many), icon=icon):
        st.dataframe(
            {
                "Row": [each.row for each in projects[:_MOST_LINES]],
                "Project": [each.name for each in projects[:_MOST_LINES]],
                "Organisation": [each.organisation for each in projects[:_MOST_LINES]],
            },
            hide_index=True,
            alt=say("Each {what}", what=what),
            column_config={"Project": st.column_config.TextColumn(width="large")},
        )
        if len(projects) > _MOST_LINES:
            st.caption(say("The first {most_lines:,} are shown.", most_lines=_MOST_LINES))


def duplicates(reading: RegisterReading) -> None:
    """Rows that may tell one project twice; nothing merges them."""
    found = reading.duplicates
    if not found:
        return
    rows = sum(len(each.rows) for each in found)
    with st.expander(
        say("{rows:,} rows look alike: each stays a project of its own", rows=rows),
        icon=":material/content_copy:",
    ):
        st.dataframe(
            {
                "Rows": [", ".join(map(str, each.rows)) for each in found],
                "Project": [each.name for each in found],
                "Organisation": [each.organisation for each in found],
                "They share": [each.shared for each in found],
                "Every cell equal": [each.identical for each in found],
            },
            hide_index=True,
            alt=say("Rows that share an id, or name and organisation"),
        )


def problems(reading: RegisterReading) -> None:
    """Rows that a person should look at, those that become no project included."""
    if not reading.problems:
        return
    lost = sum(not problem.kept for problem in reading.problems)
    said = say("{rows} to look at", rows=counted(len(reading.problems), "row"))
    if lost:
        said += say(", {lost:,} of which cannot become a project", lost=lost)
    st.warning(f"{said}.", icon=":material/warning:")
    st.dataframe(
        {
            "Row": [problem.row for problem in reading.problems],
            "Column": [problem.column for problem in reading.problems],
            "What": [problem.text for problem in reading.problems],
            "Taken": [problem.kept for problem in reading.problems],
        },
        hide_index=True,
        alt=say("Rows of the file that a person should look at"),
        column_config={"What": st.column_config.TextColumn(width="large")},
    )


def all_columns(reading: RegisterReading) -> None:
    """Every column of the file, what it is read as, and what it holds."""
    place_of = {at: label for label, at in _notions(reading)}
    with st.expander(
        say("All {columns} of the file", columns=counted(len(reading.headers), "column")),
        icon=":material/view_column:",
    ):
        st.dataframe(
            {
                "Column": [components.one_line(header, 90) for header in reading.headers],
                "Read as": [place_of.get(at, "kept under its header") for at in range(len(reading.headers))],
                "For example": [" · ".join(texts[:3]) for texts in reading.samples],
            },
            hide_index=True,
            alt=say("Every column of the file, what it is read as and what it holds"),
            column_config={"For example": st.column_config.TextColumn(width="large")},
        )


def _notions(reading: RegisterReading) -> list[tuple[str, int]]:
    place = locate(reading.mapping, reading.headers)
    chief = [
        (say("Name"), place.name),
        ("Id", place.external_id),
        (say("Organisation"), place.organisation),
        (say("Stage"), place.stage),
        (say("Risk"), place.risk),
    ]
    found = [(label, at) for label, at in chief if at is not None]
    return [*found, *((f"date: {label}", at) for label, at in place.dates), *place.facts]


def notes(reading: RegisterReading) -> None:
    """What the reader has to say of the file as a whole."""
    for note in reading.notes:
        st.info(plain(note), icon=":material/info:")
