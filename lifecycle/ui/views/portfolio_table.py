"""The projects of the portfolio as a table: one page of rows, each with a way to its project."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

import streamlit as st

from lifecycle.interchange.inventories import XLSX_TYPE, inventory_file
from lifecycle.language import counted, language, mark, say, speaking
from lifecycle.queries import portfolio
from lifecycle.queries.inventory import inventory
from lifecycle.queries.portfolio import Filters, PortfolioRow, Sort
from lifecycle.queries.portfolio_overview import Overview
from lifecycle.ui import cache, components, standing, state
from lifecycle.ui.views import portfolio_words as words
from lifecycle.vocabulary import Actor, ProjectStatus

_SIZE = 25
_SORT, _PAGE, _OPEN = "sorted_by", "page", "portfolio:open"
_SORTS: dict[Sort, str] = {
    "standing": mark("Weakest first"),
    "waiting": mark("Longest wait first"),
    "next": mark("Next date first"),
    "debt": mark("Most debt first"),
    "name": mark("Name"),
}
_BADGES = (*standing.LEVELS.values(), standing.STOPPED, standing.RETIRED, standing.NOT_ASSESSED)


def show(found: Overview, filters: Filters, by: Actor, now: datetime, as_of: date | None = None) -> None:
    """The section: how it is sorted, the table, the pages; today or as of a day."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(words.on_day(say("Projects"), as_of), anchor=False, width="content")
        sort = st.selectbox(
            say("Order"),
            list(_SORTS),
            format_func=lambda word: say(_SORTS.get(word) or str(word)),
            key=_SORT,
            label_visibility="collapsed",
            width=210,
        )
    if as_of is None:  # an inventory is of today
        _inventory(filters, by, now)
    last = max(1, -(-found.total // _SIZE))
    page = min(int(state.value(_PAGE) or 1), last)
    shown = cache.read(
        portfolio.rows,
        by=by,
        today=found.as_of,
        filters=filters,
        sort=sort,
        page=page,
        size=_SIZE,
        as_of=as_of,
    )
    st.caption(say("{projects}. Choose a name to open it.", projects=_counted(shown.total, page)))
    _table(shown.rows, now)
    if last > 1:
        if (state.value(_PAGE) or 1) > last:  # filtered since
            state.put(_PAGE, last)
        st.pagination(last, key=_PAGE)


def _inventory(filters: Filters, by: Actor, now: datetime) -> None:
    """The projects that are shown, as the list that model-risk guidelines ask for; made when it is asked for."""
    guide, spoken = cache.guide(), language()

    def made(name: str) -> bytes:
        with speaking(spoken), cache.database().read() as session:
            found = inventory(session, by=by, at=now, guide=guide, filters=filters)
            return inventory_file(found, name)

    with st.container(horizontal=True, gap="small"):
        for name, label, media in (
            ("inventory.xlsx", say("Inventory (Excel)"), XLSX_TYPE),
            ("inventory.csv", say("Inventory (CSV)"), "text/csv"),
        ):
            st.download_button(
                label,
                partial(made, name),
                file_name=name,
                mime=media,
                icon=":material/download:",
                key=f"portfolio:{name}",
                on_click="ignore",
                help=say(
                    "These projects with rating, owner, version, approver, data sources, limits and reviews."
                ),
            )


def _counted(total: int, page: int) -> str:
    if total <= _SIZE:
        return counted(total, "project")
    start = (page - 1) * _SIZE + 1
    return say(
        "{first:,} to {last:,} of {projects}",
        first=start,
        last=min(start + _SIZE - 1, total),
        projects=counted(total, "project"),
    )


def _table(rows: tuple[PortfolioRow, ...], now: datetime) -> None:
    assessed = any(row.level for row in rows)
    columns = {
        say("Project"): [row.name for row in rows],
        say("Standing"): [[badge_word(row)] for row in rows],
        say("Stage"): [row.stage.title if row.stage else say("Not placed yet") for row in rows],
        say("Organisation"): [row.organisation for row in rows],
    }
    if assessed:
        columns |= _assessed_columns(rows, now)
    else:
        columns |= {
            say("Status"): [say(standing.STATUSES[row.status].word) if row.stage else "" for row in rows],
            say("Stage in the register"): [row.stage_word for row in rows],
            say("Risk in the register"): [row.risk_word for row in rows],
        }
    keys = [row.key for row in rows]
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        placeholder="–",
        alt=say("Projects with their standing; the first column opens each"),
        column_config={
            say("Project"): components.opening_column(_OPEN, keys),
            say("Standing"): st.column_config.MultiselectColumn(
                options=[say(mark.word) for mark in _BADGES],
                color=[mark.colour for mark in _BADGES],
                width=150,
            ),
            say("Organisation"): st.column_config.TextColumn(width=170),
            say("What stands in the way"): st.column_config.TextColumn(width="large"),
            say("Days"): st.column_config.NumberColumn(help=say("How long it has stood like this"), width=60),
            say("Waits for"): st.column_config.TextColumn(width=190),
            say("Next date"): st.column_config.DateColumn(format="YYYY-MM-DD"),
            say("Index"): st.column_config.NumberColumn(
                format="%.2f",
                help=say("How early the production questions were answered: 1 in Discovery, 0 in Production"),
            ),
            say("Debt"): st.column_config.NumberColumn(
                help=say("Open production questions times gates passed")
            ),
        },
    )


def _assessed_columns(rows: tuple[PortfolioRow, ...], now: datetime) -> dict[str, list[object]]:
    return {
        say("What stands in the way"): [_in_the_way(row) for row in rows],
        say("Days"): [words.days_since(row.since, now) if row.since else None for row in rows],
        say("Waits for"): [_waits(row, now) for row in rows],
        say("Next date"): [row.next_on for row in rows],
        say("What is next"): [components.one_line(row.next_what, 60) for row in rows],
        say("Tier"): [row.tier for row in rows],
        say("Debt"): [row.debt if row.level else None for row in rows],
        say("Index"): [row.early_index / 1000 if row.early_index is not None else None for row in rows],
    }


def _in_the_way(row: PortfolioRow) -> str:
    """Nothing of what has ended: nobody is to clear it."""
    ended = row.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED)
    return "" if ended else components.one_line(row.top_blocker, 160)


def badge_word(row: PortfolioRow) -> str:
    """What a project amounts to in one word; stopping is no failure, and a register's word is no standing."""
    if row.level is None:
        return say(standing.NOT_ASSESSED.word)
    if row.status is ProjectStatus.STOPPED:
        return say(standing.STOPPED.word)
    if row.status is ProjectStatus.RETIRED:
        return say(standing.RETIRED.word)
    return say(standing.LEVELS[row.level].word)


def _waits(row: PortfolioRow, now: datetime) -> str:
    if row.waiting_role is None or row.waiting_since is None:
        return ""
    return f"{row.waiting_role.title}, {counted(words.days_since(row.waiting_since, now), 'day')}"
