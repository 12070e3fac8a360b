"""Bringing in a register: a file, its mapping, what would happen, the import itself; and what a person must place."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import streamlit as st

from lifecycle.actions import registers as actions
from lifecycle.errors import GuideError, LifecycleError
from lifecycle.interchange.mappings import (
    MAPPINGS_FOLDER,
    RegisterMapping,
    load_mappings,
    locate,
    parse_mapping,
)
from lifecycle.interchange.register_files import RegisterFile, RegisterFiles
from lifecycle.interchange.register_import import ImportPlan, apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.queries import registers as queries
from lifecycle.queries.registers import ImportView
from lifecycle.ui import cache, components, identity, navigation, state
from lifecycle.ui.components import ago, counted, plain
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.views import import_placing
from lifecycle.ui.views.portfolio_maps import is_dark
from lifecycle.web.register_upload import PATH

_BEST = ""
_MAPPING, _ORGANISATION, _EDIT, _TEXT = (
    "import:mapping",
    "import:organisation",
    "import:edit",
    "import:text",
)


def show() -> None:
    """The whole page; only administrators get this far."""
    by = identity.actor()
    earlier = cache.read(queries.imports, by=by)
    components.page_header(
        "Import",
        about="Bring in a register of AI uses. Its rows become projects that read “not assessed here” until "
        "somebody adopts them; importing a file again changes only what changed in it.",
    )
    import_placing.show()
    _new_import()
    if earlier:
        _earlier(earlier)


# ------------------------------------------------------------------ the file and its mapping


def _new_import() -> None:
    st.header("Import a register", anchor=False)
    most = cache.settings().largest_import_megabytes
    uploaded = _uploaded()
    if uploaded is None:
        st.html(_form(most))
        st.caption("Nothing is stored before you have seen what would happen.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{plain(uploaded.name)}**", width="content", anchors=False)
        st.button("Another file", key="import:another", type="tertiary", on_click=_put_away)
    mapping = _choose_mapping()
    organisation = st.text_input(
        "Organisation (optional)",
        key=_ORGANISATION,
        placeholder="Whose projects these are, if no column says so",
        width=420,
    )
    try:
        text = _mapping_text(mapping)
        reading = _read(uploaded.content, uploaded.name, text, organisation or "", most)
    except LifecycleError as error:
        components.refusal(error)
    except GuideError as error:
        st.error(plain(str(error)), icon=":material/error:")
    else:
        _show_reading(reading)


def _uploaded() -> RegisterFile | None:
    """The file that the address names, while it waits for this person."""
    token = navigation.here("file")
    if token is None:
        return None
    found = RegisterFiles(cache.database().file).find(token, identity.actor().key)
    if found is None:
        st.info("That file is no longer here. Choose it again.", icon=":material/info:")
    return found


def _put_away() -> None:
    navigation.stay(file=None)


_FORM = """
<style>#register-file::file-selector-button {{font:inherit;color:inherit;background:transparent;cursor:pointer;
  border:1px solid {border};border-radius:6px;padding:6px 14px;margin-right:12px}}</style>
<form action="{path}" method="post" enctype="multipart/form-data"
  style="display:flex;flex-wrap:wrap;gap:12px;align-items:center;padding:14px;border:1px solid {border};
  border-radius:6px;color-scheme:{scheme}">
  <label for="register-file" style="flex-basis:100%">Register file: CSV, Excel or JSON, at most {most} MB</label>
  <input type="file" id="register-file" name="file" required accept=".csv,.tsv,.txt,.xlsx,.json,.jsonl"
    style="flex:1 1 200px;min-width:0;font:inherit;color:inherit">
  <button type="submit" style="font:inherit;color:#fff;background:{primary};border:1px solid {primary};
    border-radius:6px;padding:6px 14px;cursor:pointer">Read the file</button>
</form>"""


def _form(most: int) -> str:
    """A plain form of our own: Streamlit's uploader hides its drop zone from screen readers and focuses it."""
    scheme = "dark" if is_dark() else "light"
    border, primary = (st.get_option(f"theme.{scheme}.{name}") for name in ("borderColor", "primaryColor"))
    return _FORM.format(path=PATH, most=most, scheme=scheme, border=border, primary=primary)


def _choose_mapping() -> str:
    """The name of a shipped mapping, or "" for the one that fits best."""
    titles = {mapping.name: mapping.title for mapping in _shipped()}
    chosen = st.selectbox(
        "Mapping",
        [_BEST, *titles],
        format_func=lambda name: titles.get(name, "The one that fits best"),
        key=_MAPPING,
        help="Says which column is the name, the stage and so on, and which stage word is which stage.",
        width=420,
    )
    return chosen if chosen in titles else _BEST


def _mapping_text(name: str) -> str:
    """The mapping's file as it is, or as edited here; "" leaves the choice to the file's headers."""
    if not name:
        return ""
    shipped = (MAPPINGS_FOLDER / f"{name}.yaml").read_text("utf-8")
    if not st.toggle("Change this mapping for this import", key=_EDIT):
        return shipped
    if not state.has(state.widget_key(_TEXT, name)):
        state.put(state.widget_key(_TEXT, name), shipped)
    edited = st.text_area("Mapping file", key=state.widget_key(_TEXT, name), height=320)
    return edited or shipped


@lru_cache(maxsize=1)
def _shipped() -> tuple[RegisterMapping, ...]:
    return load_mappings()


# Reading a register takes a second and holds no secrets beyond the file, so that the next run needs none of it.
_readings: dict[str, RegisterReading] = {}
_MOST_READINGS = 4


def _read(content: bytes, name: str, mapping: str, organisation: str, most: int) -> RegisterReading:
    """The file as read; the last few are kept, because every touch of a widget runs this page again."""
    said = "\0".join((name, mapping, organisation)).encode()
    key = hashlib.sha256(hashlib.sha256(content).digest() + said).hexdigest()
    if key not in _readings:
        chosen = parse_mapping(mapping, "This mapping") if mapping else None
        with st.spinner("Reading the register …"):
            found = read_register(content, name, chosen, organisation or None, largest_megabytes=most)
        while len(_readings) >= _MOST_READINGS:
            _readings.pop(next(iter(_readings)), None)
        _readings[key] = found
    return _readings[key]


# ------------------------------------------------------------------ what would happen


def _show_reading(reading: RegisterReading) -> None:
    plan = cache.read_now(plan_import, reading=reading)
    with st.container(border=True):
        st.markdown(f"**{plain(_sentence(reading, plan))}**", anchors=False)
        st.caption(plain(f"Mapping: {reading.mapping.title}. Read as {reading.source}."))
        components.key_figures(
            [
                ("New", f"{plan.added:,}", "projects"),
                ("Changed", f"{plan.changed:,}", "facts follow the file"),
                ("Unchanged", f"{plan.unchanged:,}", "as before"),
                ("No longer listed", f"{plan.gone:,}", "kept and marked"),
            ]
        )
        for note in reading.notes:
            st.info(plain(note), icon=":material/info:")
        with st.grid(2, min_column_width=320):
            _stage_table(reading)
            _column_table(reading)
        _problems(reading)
        _apply(reading, plan)


def _sentence(reading: RegisterReading, plan: ImportPlan) -> str:
    text = f"{counted(len(reading.rows), 'row')} in {counted(len(reading.organisations), 'organisation')}"
    unknown = sum(reading.unmapped_words.values())
    if unknown:
        text += f"; {unknown:,} with a stage word that is not known and that a person places afterwards"
    if not (plan.added or plan.changed or plan.gone):
        text += ". Importing changes nothing: all of it is here already"
    return text + "."


def _stage_table(reading: RegisterReading) -> None:
    """The register's words beside our stages."""
    counts: dict[tuple[str, str], int] = {}
    for row in reading.rows:
        place = import_placing.place_title(row.stage, row.status) if row.stage else "a person decides"
        word = row.stage_word or "blank"
        counts[word, place] = counts.get((word, place), 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    st.dataframe(
        {
            "Word in the file": [word for (word, _), _ in ordered],
            "Stage here": [place for (_, place), _ in ordered],
            "Rows": [count for _, count in ordered],
        },
        hide_index=True,
        alt="Stage words of the register and the stages they become",
        column_config={"Word in the file": st.column_config.TextColumn(width=190)},
    )


def _column_table(reading: RegisterReading) -> None:
    """Our notions beside the file's columns."""
    place = locate(reading.mapping, reading.headers)
    known: list[tuple[str, int | None]] = [
        ("Name", place.name),
        ("Id", place.external_id),
        ("Organisation", place.organisation),
        ("Stage", place.stage),
        ("Risk", place.risk),
        *place.dates,
        *place.facts,
    ]
    st.dataframe(
        {
            "Here": [notion for notion, _ in known],
            "Column in the file": [
                components.one_line(reading.headers[at], 90) if at is not None else "none" for _, at in known
            ],
        },
        hide_index=True,
        alt="Which column of the file is read as what",
    )


def _problems(reading: RegisterReading) -> None:
    if not reading.problems:
        return
    lost = sum(not problem.kept for problem in reading.problems)
    said = f"{counted(len(reading.problems), 'row')} to look at"
    if lost:
        said += f", {lost:,} of which cannot become a project"
    st.warning(f"{said}.", icon=":material/warning:")
    st.dataframe(
        {
            "Row": [problem.row for problem in reading.problems],
            "Column": [problem.column for problem in reading.problems],
            "What": [problem.text for problem in reading.problems],
            "Taken": [problem.kept for problem in reading.problems],
        },
        hide_index=True,
        alt="Rows of the file that a person should look at",
        column_config={"What": st.column_config.TextColumn(width="large")},
    )


def _apply(reading: RegisterReading, plan: ImportPlan) -> None:
    nothing = not (plan.added or plan.changed or plan.gone)
    pressed = st.button(
        "Nothing to import" if nothing else f"Import {counted(len(reading.rows), 'row')}",
        type="primary",
        icon=":material/upload_file:",
        key="import:apply",
        disabled=nothing,
    )
    if not pressed:
        return
    progress = st.progress(0.0, text="Importing …")

    def tell(done: int, total: int) -> None:
        progress.progress(done / total if total else 1.0, text=f"{done:,} of {total:,} rows")

    outcome: Any = attempt(apply_import, reading=reading, progress=tell)
    progress.empty()
    if outcome.refusal is not None:
        components.refusal(outcome.refusal)
        return
    done = outcome.value
    state.flash(
        "success",
        f"Imported {reading.file_name}: {done.added:,} added, {done.changed:,} changed, "
        f"{done.unchanged:,} unchanged, {done.gone:,} no longer listed.",
    )
    draw_again()


# ------------------------------------------------------------------ earlier imports


def _earlier(imports: tuple[ImportView, ...]) -> None:
    st.header("Imports so far", anchor=False)
    now = identity.now()
    for one in imports:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            counts = (
                f"{one.rows:,} rows: {one.added:,} added, {one.changed:,} changed, "
                f"{one.unchanged:,} unchanged, {one.gone:,} no longer listed"
            )
            undone = f" · taken back {ago(one.undone_at, now)}" if one.undone_at else ""
            st.markdown(
                f"**{plain(one.file_name)}** {plain(one.register)}  \n"
                f":small[:gray[{plain(counts)} · by {plain(one.by_name)} {ago(one.at, now)}{undone}]]",
                width="stretch",
                anchors=False,
            )
            if one.problems:
                with st.popover(counted(one.problems, "row to look at", "rows to look at")):
                    _problems_of(one)
            if not one.undone_at and one.added:
                _undo(one)


def _problems_of(one: ImportView) -> None:
    found = cache.read(queries.import_problems, by=identity.actor(), run_id=one.run_id)
    st.dataframe(
        {
            "Row": [problem.row for problem in found],
            "Column": [problem.column for problem in found],
            "What": [problem.text for problem in found],
        },
        hide_index=True,
        alt="Rows of this import that a person should look at",
    )


def _undo(one: ImportView) -> None:
    with st.popover("Take back", icon=":material/undo:"):
        st.markdown(
            f"Archives the projects that this import brought and that nobody has adopted "
            f"(at most {one.added:,}). Importing the file again brings them back.",
        )
        if st.button("Archive them", key=f"import:undo:{one.run_id}", type="primary"):
            perform(
                actions.undo_import,
                done=f"The import of {one.file_name} was taken back.",
                run_id=one.run_id,
            )
