"""What an import would change or has changed, and the rows of a file that a person should look at, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from lifecycle.interchange.mappings import locate
from lifecycle.interchange.register_import import ImportPlan, PlannedProject
from lifecycle.interchange.registers import RegisterReading
from lifecycle.language import counted, say, say_count
from lifecycle.ui import components
from lifecycle.ui.components import plain

_MOST_LINES = 2_000
Line = tuple[str, str, str, str]  # project, field, before, after


def planned(reading: RegisterReading, plan: ImportPlan) -> None:
    """Each group folded, with its number: changed fields, new, no longer listed, duplicates, problems."""
    if plan.changes:
        with st.expander(
            say_count(
                "{number:,} project would change: which fields",
                "{number:,} projects would change: which fields",
                plan.changed,
            ),
            icon=":material/difference:",
        ):
            changed_fields(
                (change.name, field.field, field.before, field.after)
                for change in plan.changes
                for field in change.fields
            )
    _projects(plan.new, counted(len(plan.new), "new project"), ":material/add:", say("Each new project"))
    _projects(
        plan.left_out,
        say_count(
            "{number:,} project no longer listed: kept and marked",
            "{number:,} projects no longer listed: kept and marked",
            len(plan.left_out),
        ),
        ":material/remove:",
        say("Each project no longer listed: kept and marked"),
    )
    duplicates(reading)
    problems(reading)


def changed_fields(lines: Iterable[Line]) -> None:
    """Old beside new, field by field."""
    shown = [line for _, line in zip(range(_MOST_LINES), lines, strict=False)]
    st.dataframe(
        {
            say("Project"): [line[0] for line in shown],
            say("Field"): [line[1] for line in shown],
            say("Before"): [components.one_line(line[2], 300) or say("blank") for line in shown],
            say("After"): [components.one_line(line[3], 300) or say("blank") for line in shown],
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
                "The first {number:,} are shown; the command line prints all of them.",
                number=_MOST_LINES,
            )
        )


def _projects(projects: Sequence[PlannedProject], title: str, icon: str, alt: str) -> None:
    if not projects:
        return
    with st.expander(title, icon=icon):
        st.dataframe(
            {
                say("Row"): [each.row for each in projects[:_MOST_LINES]],
                say("Project"): [each.name for each in projects[:_MOST_LINES]],
                say("Organisation"): [each.organisation for each in projects[:_MOST_LINES]],
            },
            hide_index=True,
            alt=alt,
            column_config={say("Project"): st.column_config.TextColumn(width="large")},
        )
        if len(projects) > _MOST_LINES:
            st.caption(say("The first {number:,} are shown.", number=_MOST_LINES))


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
                say("Rows"): [", ".join(map(str, each.rows)) for each in found],
                say("Project"): [each.name for each in found],
                say("Organisation"): [each.organisation for each in found],
                say("They share"): [each.shared for each in found],
                say("Every cell equal"): [each.identical for each in found],
            },
            hide_index=True,
            alt=say("Rows that share an id, or name and organisation"),
        )


def problems(reading: RegisterReading) -> None:
    """Rows that a person should look at, those that become no project included."""
    if not reading.problems:
        return
    lost = sum(not problem.kept for problem in reading.problems)
    rows = counted(len(reading.problems), "row")
    said = (
        say("{rows} to look at, {lost:,} of which cannot become a project.", rows=rows, lost=lost)
        if lost
        else say("{rows} to look at.", rows=rows)
    )
    st.warning(said, icon=":material/warning:")
    st.dataframe(
        {
            say("Row"): [problem.row for problem in reading.problems],
            say("Column"): [problem.column for problem in reading.problems],
            say("What"): [problem.text for problem in reading.problems],
            say("Taken"): [problem.kept for problem in reading.problems],
        },
        hide_index=True,
        alt=say("Rows of the file that a person should look at"),
        column_config={say("What"): st.column_config.TextColumn(width="large")},
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
                say("Column"): [components.one_line(header, 90) for header in reading.headers],
                say("Read as"): [
                    place_of.get(at, say("kept under its header")) for at in range(len(reading.headers))
                ],
                say("For example"): [" · ".join(texts[:3]) for texts in reading.samples],
            },
            hide_index=True,
            alt=say("Every column of the file, what it is read as and what it holds"),
            column_config={say("For example"): st.column_config.TextColumn(width="large")},
        )


def _notions(reading: RegisterReading) -> list[tuple[str, int]]:
    place = locate(reading.mapping, reading.headers)
    chief = [
        (say("Name"), place.name),
        (say("Id"), place.external_id),
        (say("Organisation"), place.organisation),
        (say("Stage"), place.stage),
        (say("Risk"), place.risk),
    ]
    found = [(label, at) for label, at in chief if at is not None]
    return [*found, *((say("date: {label}", label=label), at) for label, at in place.dates), *place.facts]


def notes(reading: RegisterReading) -> None:
    """What the reader has to say of the file as a whole."""
    for note in reading.notes:
        st.info(plain(note), icon=":material/info:")
