"""Bringing in a register: a file, its mapping, what would happen, the import itself; and what a person must place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import streamlit as st

from lifecycle.actions import registers as actions
from lifecycle.errors import GuideError, LifecycleError
from lifecycle.interchange.mappings import (
    MAPPINGS_FOLDER,
    RegisterMapping,
    load_mappings,
    parse_mapping,
)
from lifecycle.interchange.register_import import ImportPlan, apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.interchange.saved_mappings import Choices, mapping_yaml, read_saved
from lifecycle.interchange.told import told_again
from lifecycle.language import ENGLISH, counted, language, mark, say, speaking, written_number
from lifecycle.queries import registers as queries
from lifecycle.queries.registers import ImportView, SavedMappingView
from lifecycle.ui import cache, components, identity, state
from lifecycle.ui.components import ago, plain
from lifecycle.ui.file_form import file_form, file_line, waiting_file
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.views import import_differences, import_mapping, import_mapping_file, import_placing
from lifecycle.vocabulary import Stage
from lifecycle.web.register_upload import PATH

_BEST = ""
_MAPPING, _ORGANISATION, _EDIT, _TEXT = (
    "import:mapping",
    "import:organisation",
    "import:edit",
    "import:text",
)
_ENCODING, _SHEET = "import:encoding", "import:sheet"
_ENCODINGS = {
    "": mark("As recognised"),
    "utf-8": "UTF-8",
    "cp1252": mark("Windows-1252 (Western European)"),
    "latin-1": "Latin-1",
    "cp1250": mark("Windows-1250 (Central European)"),
    "cp1251": mark("Windows-1251 (Cyrillic)"),
    "cp1253": mark("Windows-1253 (Greek)"),
    "mac_roman": "Mac Roman",
    "cp850": mark("DOS (code page 850)"),
    "utf-16": "UTF-16",
}


def show() -> None:
    """The whole page; only administrators get this far."""
    by = identity.actor()
    earlier = cache.read(queries.imports, by=by)
    components.page_header(
        say("Import"),
        about=say(
            "Bring in a register of AI uses. Its rows become projects that read “not assessed here” until "
            "somebody adopts them; importing a file again changes only what changed in it."
        ),
    )
    import_placing.show()
    saved = cache.read(queries.saved_mappings, by=by)
    _new_import(saved)
    import_mapping_file.show(saved)
    if earlier:
        _earlier(earlier, _titles(saved))


# ------------------------------------------------------------------ the file and its mapping


def _new_import(saved: tuple[SavedMappingView, ...]) -> None:
    st.header(say("Import a register"), anchor=False)
    most = cache.settings().largest_import_megabytes
    uploaded = waiting_file()
    if uploaded is None:
        file_form(
            PATH,
            "register-file",
            label=say("Register file: CSV, Excel or JSON, at most {most} MB", most=most),
            accept=".csv,.tsv,.tab,.txt,.xlsx,.xlsm,.json,.jsonl,.ndjson,.geojson",
            button=say("Read the file"),
        )
        st.caption(say("Nothing is stored before you have seen what would happen."))
        return
    file_line(uploaded, "import:another")
    try:
        _read_and_show(_Source(uploaded.content, uploaded.name, most), saved)
    except LifecycleError as error:
        components.refusal(error)
    except GuideError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _read_and_show(source: _Source, saved: tuple[SavedMappingView, ...]) -> None:
    """The file by the mapping as it is, then by what is chosen on screen; raises what reading it raises."""
    known = read_saved(saved)
    with st.grid(3, min_column_width=240):
        chosen = _choose_mapping(known)
        organisation = st.text_input(
            say("Organisation (optional)"),
            key=_ORGANISATION,
            placeholder=say("Whose projects these are, if no column says so"),
        )
        encoding = _choose_encoding(source)
    text = _mapping_text(chosen, known)
    source = replace(source, organisation=organisation or "", encoding=encoding)
    reading = _read(source, text, known)
    sheet = _choose_sheet(reading)
    if sheet != reading.source:
        source = replace(source, sheet=sheet)
        reading = _read(source, text, known)
    source = replace(source, sheet=reading.source if len(reading.sheets) > 1 else "")
    if not state.value(_EDIT):
        reading, text = _as_chosen(source, text, reading, known)
    _show_reading(reading, saved, lambda: _read(source, text, known))


def _as_chosen(
    source: _Source, text: str, reading: RegisterReading, known: tuple[RegisterMapping, ...]
) -> tuple[RegisterReading, str]:
    """The file again, as often as columns or stage words were chosen otherwise; and the mapping it is read by."""
    with st.container(border=True):
        key = state.widget_key("import", _short(source), _short(mapping_yaml(reading.mapping)))
        mapping = import_mapping.changed(reading.mapping, import_mapping.columns(reading, key))
        if mapping is not None:
            text = mapping_yaml(mapping)
            reading = _read(source, text, known)
        import_differences.all_columns(reading)
        key = state.widget_key(key, reading.columns["stage"])
        places = import_mapping.stage_words(reading, key)
        mapping = import_mapping.changed(reading.mapping, Choices({}, places))
        if mapping is not None:
            text = mapping_yaml(mapping)
            reading = _read(source, text, known)
    return reading, text


def _short(said: object) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _choose_mapping(known: tuple[RegisterMapping, ...]) -> str:
    """The name of a mapping, or "" for the one that fits best."""
    titles = {mapping.name: mapping.title for mapping in (*known, *_shipped())}
    chosen = st.selectbox(
        say("Mapping"),
        [_BEST, *titles],
        format_func=lambda name: titles.get(name) or say("The one that fits best"),
        key=_MAPPING,
        help=say("Says which column is the name, the stage and so on, and which stage word is which stage."),
    )
    return chosen if chosen in titles else _BEST


def _choose_encoding(source: _Source) -> str:
    """For text files: the encoding, when the one that was recognised garbles the letters."""
    if source.name.lower().endswith((".xlsx", ".xlsm", ".json", ".jsonl", ".geojson")):
        return ""
    chosen = st.selectbox(
        say("Encoding"),
        list(_ENCODINGS),
        format_func=lambda name: say(str(_ENCODINGS.get(name, name))),
        key=_ENCODING,
        help=say("Choose another one when accents look wrong."),
    )
    return chosen if chosen in _ENCODINGS else ""


def _choose_sheet(reading: RegisterReading) -> str:
    """Which sheet of a workbook (or list of a document) to read, when there is more than one."""
    if len(reading.sheets) < 2:
        return reading.source
    key = state.widget_key(_SHEET, _short(reading.sheets))
    if not state.has(key):
        state.put(key, reading.source)
    # A source is kept in English and said where it is formatted.
    chosen = st.selectbox(
        say("Sheet or list"), list(reading.sheets), format_func="{}".format, key=key, width=420
    )
    return chosen if chosen in reading.sheets else reading.source


def _mapping_text(name: str, known: tuple[RegisterMapping, ...]) -> str:
    """The mapping's file as it is, or as edited here; "" leaves the choice to the file's headers."""
    if not name:
        return ""
    own = {mapping.name: mapping for mapping in known}
    text = mapping_yaml(own[name]) if name in own else (MAPPINGS_FOLDER / f"{name}.yaml").read_text("utf-8")
    if not st.toggle(say("Change this mapping as a file"), key=_EDIT):
        return text
    if not state.has(state.widget_key(_TEXT, name)):
        state.put(state.widget_key(_TEXT, name), text)
    edited = st.text_area(say("Mapping file"), key=state.widget_key(_TEXT, name), height=320)
    return edited or text


@lru_cache(maxsize=1)
def _shipped() -> tuple[RegisterMapping, ...]:
    return load_mappings()


@dataclass(frozen=True, slots=True)
class _Source:
    """A file and how it is to be read."""

    content: bytes = field(repr=False)
    name: str
    most: int
    organisation: str = ""
    encoding: str = ""
    sheet: str = ""


# Reading a register takes a second and holds no secrets beyond the file, so that the next run needs none of it.
_readings: dict[str, RegisterReading] = {}
_MOST_READINGS = 6


def _read(source: _Source, mapping: str, known: tuple[RegisterMapping, ...]) -> RegisterReading:
    """The file as read; the last few are kept, because every touch of a widget runs this page again."""
    saved = "" if mapping else "\0".join(map(mapping_yaml, known))
    content = hashlib.sha256(source.content).hexdigest()
    parts = (language(), content, repr(source), mapping, saved)
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    if key not in _readings:
        chosen = parse_mapping(mapping, say("This mapping")) if mapping else None
        with st.spinner(say("Reading the register …")):
            found = read_register(
                source.content,
                source.name,
                chosen,
                source.organisation or None,
                saved=known,
                sheet=source.sheet or None,
                encoding=source.encoding or None,
                largest_megabytes=source.most,
            )
        while len(_readings) >= _MOST_READINGS:
            _readings.pop(next(iter(_readings)), None)
        _readings[key] = found
    return _readings[key]


# ------------------------------------------------------------------ what would happen


def _show_reading(
    reading: RegisterReading, saved: tuple[SavedMappingView, ...], again: Callable[[], RegisterReading]
) -> None:
    plan = cache.read_now(plan_import, reading=reading)
    with st.container(border=True):
        st.subheader(say("What importing would do"), anchor=False)
        st.markdown(f"**{plain(_sentence(reading, plan))}**", anchors=False)
        st.caption(
            plain(
                say(
                    "Mapping: {mapping}. Read as {source}, headers in row {header_row}.",
                    mapping=reading.mapping.title,
                    source=reading.source,
                    header_row=reading.header_row,
                )
            )
        )
        components.key_figures(
            [
                (say("New"), written_number(f"{plan.added:,}"), say("projects")),
                (say("Changed"), written_number(f"{plan.changed:,}"), say("facts follow the file")),
                (say("Unchanged"), written_number(f"{plan.unchanged:,}"), say("as before")),
                (say("No longer listed"), written_number(f"{plan.gone:,}"), say("kept and marked")),
            ]
        )
        import_differences.notes(reading)
        if state.value(_EDIT):
            _stage_table(reading)
        import_differences.planned(reading, plan)
        import_mapping.keep(reading, saved)
        _apply(reading, plan, again)


def _sentence(reading: RegisterReading, plan: ImportPlan) -> str:
    rows = counted(len(reading.rows), "row")
    organisations = counted(len(reading.organisations), "organisation")
    unknown = sum(reading.unmapped_words.values())
    if unknown:
        text = say(
            "{rows} in {organisations}; {unknown:,} with a stage word that is not known and that a person "
            "places afterwards.",
            rows=rows,
            organisations=organisations,
            unknown=unknown,
        )
    else:
        text = say("{rows} in {organisations}.", rows=rows, organisations=organisations)
    placed = [
        f"{Stage(stage).title} {written_number(f'{count:,}')}"
        for stage, count in reading.by_stage.items()
        if count
    ]
    if placed:
        text += say(" By stage: {placed}.", placed=", ".join(placed))
    if not (plan.added or plan.changed or plan.gone):
        text += say(" Importing changes nothing: all of it is here already.")
    return text


def _stage_table(reading: RegisterReading) -> None:
    """The register's words beside our stages."""
    counts: dict[tuple[str, str], int] = {}
    for row in reading.rows:
        place = import_placing.place_title(row.stage, row.status) if row.stage else say("a person decides")
        word = row.stage_word or say("blank")
        counts[word, place] = counts.get((word, place), 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    st.dataframe(
        {
            say("Word in the file"): [word for (word, _), _ in ordered],
            say("Stage here"): [place for (_, place), _ in ordered],
            say("Rows"): [count for _, count in ordered],
        },
        hide_index=True,
        alt=say("Stage words of the register and the stages they become"),
        column_config={say("Word in the file"): st.column_config.TextColumn(width=190)},
    )


def _apply(reading: RegisterReading, plan: ImportPlan, again: Callable[[], RegisterReading]) -> None:
    """`again` reads the file once more: in English, because what is said of its rows is kept for everybody."""
    nothing = not (plan.added or plan.changed or plan.gone)
    pressed = st.button(
        say("Nothing to import") if nothing else say("Import {rows}", rows=counted(len(reading.rows), "row")),
        type="primary",
        icon=":material/upload_file:",
        key="import:apply",
        disabled=nothing,
    )
    if not pressed:
        return
    progress = st.progress(0.0, text=say("Importing …"))

    def tell(done: int, total: int) -> None:
        progress.progress(
            done / total if total else 1.0, text=say("{done:,} of {total:,} rows", done=done, total=total)
        )

    with speaking(ENGLISH):
        kept = again()
    outcome: Any = attempt(apply_import, reading=kept, progress=tell)
    progress.empty()
    if outcome.refusal is not None:
        components.refusal(outcome.refusal)
        return
    done = outcome.value
    state.flash(
        "success",
        say(
            "Imported {file}: {added:,} added, {changed:,} changed, {unchanged:,} "
            "unchanged, {gone:,} no longer listed.",
            file=reading.file_name,
            added=done.added,
            changed=done.changed,
            unchanged=done.unchanged,
            gone=done.gone,
        ),
    )
    draw_again()


# ------------------------------------------------------------------ earlier imports


def _titles(saved: tuple[SavedMappingView, ...]) -> dict[str, str]:
    """Registers by the titles of the mappings they are read by; those that were only proposed have none."""
    mappings = (*_shipped(), *read_saved(saved))
    return {mapping.told_apart_in: mapping.title for mapping in mappings}


def _earlier(imports: tuple[ImportView, ...], titles: dict[str, str]) -> None:
    st.header(say("Imports so far"), anchor=False)
    now = identity.now()
    for one in imports:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            counts = say(
                "{rows:,} rows: {added:,} added, {changed:,} changed, {unchanged:,} unchanged, "
                "{gone:,} no longer listed",
                rows=one.rows,
                added=one.added,
                changed=one.changed,
                unchanged=one.unchanged,
                gone=one.gone,
            )
            undone = say(" · taken back {ago}", ago=ago(one.undone_at, now)) if one.undone_at else ""
            st.markdown(
                say(
                    "**{file}** {register}  \n:small[:gray[{counts} · by {who} {ago}{undone}]]",
                    file=plain(one.file_name),
                    register=plain(titles.get(one.register, "")),
                    counts=plain(counts),
                    who=plain(one.by_name),
                    ago=ago(one.at, now),
                    undone=undone,
                ),
                width="stretch",
                anchors=False,
            )
            if one.changed or one.gone:
                with st.popover(
                    say("What changed"), icon=":material/difference:", key=f"import:changes:{one.run_id}"
                ):
                    _changes_of(one)
            if one.problems:
                with st.popover(counted(one.problems, "row to look at", "rows to look at")):
                    _problems_of(one)
            if not one.undone_at and (one.added or one.changed or one.gone):
                _undo(one)


def _changes_of(one: ImportView) -> None:
    found = cache.read(queries.import_changes, by=identity.actor(), run_id=one.run_id)
    import_differences.changed_fields(
        (change.project_name, *line) for change in found for line in change.fields
    )


def _problems_of(one: ImportView) -> None:
    found = cache.read(queries.import_problems, by=identity.actor(), run_id=one.run_id)
    st.dataframe(
        {
            say("Row"): [problem.row for problem in found],
            say("Column"): [problem.column for problem in found],
            say("What"): [told_again(problem.text) for problem in found],
        },
        hide_index=True,
        alt=say("Rows of this import that a person should look at"),
    )


def _undo(one: ImportView) -> None:
    with st.popover(say("Take back"), icon=":material/undo:"):
        st.markdown(
            say(
                "Archives the projects that this import brought and that nobody has adopted (at most "
                "{added:,}); what it changed in others says again what it said. Importing the file "
                "again does all of it again.",
                added=one.added,
            ),
        )
        if st.button(say("Take it back"), key=f"import:undo:{one.run_id}", type="primary"):
            perform(
                actions.undo_import,
                done=say("The import of {file} was taken back.", file=one.file_name),
                run_id=one.run_id,
            )
