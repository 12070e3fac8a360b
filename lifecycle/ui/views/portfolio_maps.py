"""The readiness heat maps: projects by gate or role; organisations, which open, where there are too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from math import sqrt
from typing import Any

import streamlit as st

from lifecycle.language import counted, mark, say, say_as, say_count, written_number
from lifecycle.queries import heat_maps
from lifecycle.queries.heat_maps import (
    GateCell,
    Glance,
    OrganisationLine,
    OrganisationMap,
    ProjectLine,
    ProjectMap,
    RoleCell,
    StageCell,
    StatusCell,
)
from lifecycle.queries.portfolio import Filters
from lifecycle.queries.portfolio_overview import Overview
from lifecycle.ui import cache, charts, components, navigation, standing, state
from lifecycle.ui.charts import Cell
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import portfolio_filters as filters_bar
from lifecycle.ui.views import portfolio_words as words
from lifecycle.vocabulary import Actor, Gate, Level, ProjectStatus, Role, SignOffStatus, Stage, reviewers

MOST_PROJECTS = 40  # beyond this many, organisations stand for their projects
_ROWS = 25  # on one page of a map
_GATES, _ROLES = mark("Gates"), mark("Roles")
_LENS, _PAGE = "by", "map_page"
_NOT_PLACED = mark("not placed")
_QUIET = 0.0  # strength of a cell that asks nothing of anybody
_STAGE_HEADS: Mapping[Stage | None, str] = {
    Stage.DISCOVERY: mark("Discovery"),
    Stage.FEASIBILITY: mark("Feasibility"),
    Stage.DESIGN: mark("Design"),
    Stage.MODEL: mark("Model"),
    Stage.PRODUCTION: mark("Production"),
    None: mark("No stage"),
}
Opened = Callable[[Sequence[str]], None]
# What somebody has to act on stands out; the rest recedes.
_ACT_ON = (
    SignOffStatus.WAITING,
    SignOffStatus.STALE,
    SignOffStatus.CHANGES_REQUESTED,
    SignOffStatus.REJECTED,
)


def show(found: Overview, filters: Filters, by: Actor, now: datetime, as_of: date | None = None) -> None:
    """The section with its switch between gates and roles, today or as of a day."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(words.on_day(say("Readiness"), as_of), anchor=False, width="content")
        lens = st.radio(
            say("Show by"),
            [_GATES, _ROLES],
            format_func=say,
            key=_LENS,
            horizontal=True,
            label_visibility="collapsed",
        )
    by_role = lens == _ROLES
    if found.total > MOST_PROJECTS and not filters.organisation:
        _organisations(found, filters, by, now, as_of, by_role=by_role)
    else:
        _projects(found, filters, by, now, as_of, by_role=by_role)


def glance(by: Actor, day: date, filters: Filters, as_of: date | None) -> Glance:
    """The figures and the organisations' map, which are counted together; `day` is `as_of` or today."""
    return cache.read(heat_maps.glance, by=by, today=day, filters=filters, as_of=as_of)


def is_dark() -> bool:
    """Whether this browser shows the dark theme."""
    return st.context.theme.type == "dark"


# ------------------------------------------------------------------ projects


def _projects(
    found: Overview, filters: Filters, by: Actor, now: datetime, as_of: date | None, *, by_role: bool
) -> None:
    sentence = words.roles_sentence(found, now) if by_role else words.gates_sentence(found, now)
    st.markdown(components.plain(sentence), anchors=False)
    page = _page(found.total, _ROWS)
    shown = cache.read(
        heat_maps.project_map,
        by=by,
        today=found.as_of,
        filters=filters,
        page=page,
        size=_ROWS,
        as_of=as_of,
    )
    cells = _role_cells(shown, now) if by_role else _gate_cells(shown, now)
    heads = _role_heads() if by_role else [gate.title.split()[0] for gate in Gate]
    kind = "projects by role" if by_role else "projects by gate"
    _draw([line.row.name for line in shown.lines], heads, cells, sentence, _open_project, kind)
    _legend(
        cells,
        say("Numbers are days. Choose a cell to open its project.")
        if by_role
        else say("Numbers are what stands in the way. Choose a cell to open its project."),
    )
    _pages(found.total, _ROWS)
    _numbers(
        say("Project"),
        [line.row.name for line in shown.lines],
        heads,
        cells,
        components.opening_column("map:open", [line.row.key for line in shown.lines]),
    )


def _role_head(role: Role) -> str:
    """A word where the role's title is two: there is little room above a column."""
    heads = {
        Role.BUSINESS: say("Business"),
        Role.TECHNOLOGY: say("Technology"),
        Role.PRIVACY: say_as("Privacy", "heading"),
        Role.LEGAL: say_as("Legal", "heading"),
        Role.COMPLIANCE: say("Compliance"),
        Role.VALIDATION: say("Validation"),
    }
    return heads.get(role) or role.title


def _role_heads() -> list[str]:
    return [_role_head(role) for role in reviewers()]


def _gate_cells(shown: ProjectMap, now: datetime) -> list[Cell]:
    cells: list[Cell] = []
    for number, line in enumerate(shown.lines):
        if not line.gates:
            cells += _unassessed(number, line)
        for gate, cell in line.gates.items():
            cells.append(_gate_cell(number, line, gate, cell, now))
    return cells


def _gate_cell(number: int, line: ProjectLine, gate: Gate, cell: GateCell, now: datetime) -> Cell:
    row = line.row
    is_current = gate is row.gate
    over = _over(row.status) if is_current else None
    mark = over or standing.LEVELS[cell.level]
    sign = charts.STOPPED_SIGN if over else charts.LEVEL_SIGNS[cell.level]
    counts = f" {cell.blockers}" if is_current and cell.blockers and not over else ""
    hover = f"<b>{charts.as_text(row.name)}</b><br>" + say(
        "{gate}: {standing}, {waited}",
        gate=gate.title,
        standing=mark.word,
        waited=words.waited(cell.since, now),
    )
    if not is_current:
        hover += f" · {say('not the gate ahead')}"
    elif not over:
        in_the_way = say_count(
            "{number:,} thing stands in the way", "{number:,} things stand in the way", cell.blockers
        )
        hover += f"<br>{in_the_way}"
    return Cell(
        number, gate.order, sign + counts, hover, mark, 1.0 if is_current and not over else _QUIET, (row.key,)
    )


def _unassessed(number: int, line: ProjectLine) -> list[Cell]:
    """What comes from a register stands grey at the place its register gives it."""
    row = line.row
    listed = (
        say(
            "Not assessed here; its register lists it as “{stage_word}”",
            stage_word=charts.shortened(row.stage_word),
        )
        if row.stage_word
        else say("Not assessed here; its register lists it")
    )
    hover = f"<b>{charts.as_text(row.name)}</b><br>{listed}"
    place = row.gate.order if row.gate else 0
    sign = charts.NOT_ASSESSED_SIGN if row.gate else say(_NOT_PLACED)
    return [Cell(number, place, sign, hover, standing.NOT_ASSESSED, _QUIET, (row.key,))]


def _over(status: ProjectStatus) -> Mark | None:
    return {ProjectStatus.STOPPED: standing.STOPPED, ProjectStatus.RETIRED: standing.RETIRED}.get(status)


def _role_cells(shown: ProjectMap, now: datetime) -> list[Cell]:
    return [
        _role_cell(number, line, role, cell, now)
        for number, line in enumerate(shown.lines)
        for role, cell in line.roles.items()
        if role in reviewers()
    ]


def _role_cell(number: int, line: ProjectLine, role: Role, cell: RoleCell, now: datetime) -> Cell:
    mark = standing.SIGN_OFFS[cell.status]
    days = f" {_figure(words.days_since(cell.since, now))}" if cell.since and cell.status in _ACT_ON else ""
    since = f", {words.waited(cell.since, now)}" if cell.since else ""
    said = say(
        "{role} at {gate}: {status}",
        role=role.title,
        gate=line.row.gate.title if line.row.gate else "",
        status=f"{mark.word}{since}",
    )
    hover = f"<b>{charts.as_text(line.row.name)}</b><br>{said}"
    strength = 1.0 if cell.status in _ACT_ON else _QUIET
    sign = charts.STATUS_SIGNS[cell.status] + days
    return Cell(number, reviewers().index(role), sign, hover, mark, strength, (line.row.key,))


def show_roles(found: Overview, filters: Filters, by: Actor, now: datetime) -> None:
    """The projects × roles map alone, organisations where there are too many projects."""
    if found.total > MOST_PROJECTS and not filters.organisation:
        _organisations(found, filters, by, now, None, by_role=True)
    else:
        _projects(found, filters, by, now, None, by_role=True)


def _open_project(links: Sequence[str]) -> None:
    navigation.go("project", project=links[0])


# ------------------------------------------------------------------ organisations


def _organisations(
    found: Overview, filters: Filters, by: Actor, now: datetime, as_of: date | None, *, by_role: bool
) -> None:
    shown = glance(by, found.as_of, filters, as_of).organisations
    sentence = words.roles_sentence(found, now) if by_role else words.organisations_sentence(found, shown)
    st.markdown(components.plain(sentence), anchors=False)
    if by_role and not found.running:
        return
    page = _page(len(shown.lines), _ROWS)
    start = (page - 1) * _ROWS
    lines = shown.lines[start : start + _ROWS]
    if by_role:
        heads = _role_heads()
        cells = _status_cells(lines, now)
    else:
        heads = [f"{_STAGE_HEADS[stage.stage]}<br><b>{_figure(stage.total)}</b>" for stage in found.stages]
        cells = _stage_cells(lines, shown)
    names = [charts.shortened(line.name or say("No organisation")) for line in lines]
    kind = "organisations by role" if by_role else "organisations by stage"
    _draw(names, heads, cells, sentence, _open_organisation, kind)
    _legend(cells, say("Choose a cell to open its organisation."))
    _pages(len(shown.lines), _ROWS)
    plain_heads = [head.split("<br>")[0] for head in heads]
    _numbers(say("Organisation"), [line.name or say("No organisation") for line in lines], plain_heads, cells)


def _stage_cells(lines: Sequence[OrganisationLine], shown: OrganisationMap) -> list[Cell]:
    most = max((cell.projects for line in shown.lines for cell in line.stages.values()), default=1)
    places = (*Stage, None)
    return [
        _stage_cell(number, places.index(stage), line, stage, cell, most)
        for number, line in enumerate(lines)
        for stage, cell in line.stages.items()
    ]


def _stage_cell(
    number: int, place: int, line: OrganisationLine, stage: Stage | None, cell: StageCell, most: int
) -> Cell:
    placed = say(
        "{projects} in {stage}", projects=counted(cell.projects, "project"), stage=words.stage_title(stage)
    )
    hover = f"<b>{charts.as_text(line.name)}</b><br>{placed}"
    for level, count in sorted(cell.levels.items(), key=lambda item: item[0].order):
        hover += f"<br>{_so_many(count, standing.LEVELS[level])}"
    links = (line.name, "")
    if cell.worst is None:
        strength = 0.999 * sqrt(cell.projects / most)
        return Cell(number, place, _figure(cell.projects), hover, standing.NOT_ASSESSED, strength, links)
    sign = charts.LEVEL_SIGNS[cell.worst]
    strength = 1.0 if cell.worst is Level.BLOCKED else _QUIET
    return Cell(
        number, place, f"{sign} {_figure(cell.projects)}", hover, standing.LEVELS[cell.worst], strength, links
    )


def _status_cells(lines: Sequence[OrganisationLine], now: datetime) -> list[Cell]:
    return [
        _status_cell(number, line, role, cell, now)
        for number, line in enumerate(lines)
        for role, cell in line.roles.items()
        if role in reviewers()
    ]


def _status_cell(number: int, line: OrganisationLine, role: Role, cell: StatusCell, now: datetime) -> Cell:
    mark = standing.SIGN_OFFS[cell.worst]
    counts = "<br>".join(
        _so_many(count, standing.SIGN_OFFS[status]) for status, count in cell.statuses.items()
    )
    oldest = f"<br>{say('waiting {waited}', waited=words.waited(cell.oldest, now))}" if cell.oldest else ""
    hover = f"<b>{charts.as_text(line.name)}</b><br>{role.title}<br>{counts}{oldest}"
    sign = f"{charts.STATUS_SIGNS[cell.worst]} {_figure(cell.statuses[cell.worst])}"
    strength = 1.0 if cell.worst in _ACT_ON else _QUIET
    return Cell(number, reviewers().index(role), sign, hover, mark, strength, (line.name, role.value))


def _so_many(count: int, mark: Mark) -> str:
    return say("{count:,} {standing}", count=count, standing=say(mark.word).lower())


def _open_organisation(links: Sequence[str]) -> None:
    name, role = links
    if name:
        filters_bar.choose(filters_bar.UNIT, name)
    else:
        filters_bar.choose(filters_bar.FIND, "")
    if role:
        filters_bar.choose(filters_bar.WAITS_FOR, role)


# ------------------------------------------------------------------ drawing


def _draw(
    rows: Sequence[str],
    heads: Sequence[str],
    cells: Sequence[Cell],
    sentence: str,
    opened: Opened,
    kind: str,
) -> None:
    if not cells:
        st.caption(say("There is nothing to show here for what is chosen."))
        return
    key = state.widget_key("map", kind, len(rows), *cells[0].links)
    st.plotly_chart(
        charts.heat_map(rows, heads, cells, dark=is_dark()),
        key=key,
        on_select=lambda: _chosen(key, cells, opened),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )


def _chosen(key: str, cells: Sequence[Cell], opened: Opened) -> None:
    point = chosen_point(key)
    if point is not None and point < len(cells):
        opened(cells[point].links)


def chosen_point(key: str) -> int | None:
    """The place in its trace of the cell or bar that was just chosen."""
    points = (state.value(key) or {}).get("selection", {}).get("point_indices", [])
    return int(points[0]) if points else None


def chosen_mark(key: str) -> tuple[int, int] | None:
    """Trace and place in it of the mark that was just chosen, of a chart with several kinds of marks."""
    points = (state.value(key) or {}).get("selection", {}).get("points", [])
    return (int(points[0]["curve_number"]), int(points[0]["point_index"])) if points else None


_SCALE = (*standing.LEVELS.values(), *standing.SIGN_OFFS.values())


def _legend(cells: Sequence[Cell], hint: str) -> None:
    """What is on the map, in the order of the scale."""
    seen = {cell.mark: cell.text for cell in cells}
    parts = []
    for each in sorted(seen, key=lambda each: _SCALE.index(each) if each in _SCALE else len(_SCALE)):
        sign = seen[each].split(" ")[0]
        shown = "" if _is_figure(sign) or seen[each] == say(_NOT_PLACED) else f"{sign} "
        parts.append(f":{each.colour}-badge[{components.plain(shown)}{each.word}]")
    if parts:
        st.markdown(f"{' '.join(parts)} :small[:gray[{hint}]]", anchors=False)


def _numbers(
    first: str, rows: Sequence[str], heads: Sequence[str], cells: Sequence[Cell], opening: Any = None
) -> None:
    """The same as a table; `opening` is how its first column is set up where it leads somewhere."""
    if not cells:
        return
    said = {(cell.row, cell.column): cell for cell in cells}
    table: dict[str, list[str]] = {first: list(rows)}
    for column, head in enumerate(heads):
        table[head] = [_said(said.get((row, column))) for row in range(len(rows))]
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            table,
            hide_index=True,
            alt=say("What the chart above shows, as a table"),
            column_config={first: opening} if opening else None,
        )


def _said(cell: Cell | None) -> str:
    if cell is None:
        return ""
    number = cell.text.split(" ")[-1]
    return f"{cell.mark.word} ({number})" if _is_figure(number) else say(cell.mark.word)


def _figure(number: int) -> str:
    return written_number(f"{number:,}")


def _is_figure(text: str) -> bool:
    """Whether `_figure` wrote it, in whatever language: digits, and what stands between thousands."""
    return text[:1].isdecimal() and text[-1:].isdecimal()


def _page(total: int, size: int) -> int:
    """The page chosen below the chart, as of the run before."""
    last = max(1, -(-total // size))
    return min(int(state.value(_PAGE) or 1), last)


def _pages(total: int, size: int) -> None:
    last = -(-total // size)
    if last > 1:
        if (state.value(_PAGE) or 1) > last:
            state.put(_PAGE, last)
        st.pagination(last, key=_PAGE)
