"""The one list of pages, where this tab is, and how to get elsewhere.

A page exists when its file does: registering one is one line in PAGES and the file it names.
`go("gate", project=key, gate="design")` switches to a page, `address(…)` spells its link, `here(…)` reads the
address. Addresses are flat; what they are about stands in the query: project, stage, gate, field, source, review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import urlencode

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lifecycle.language import mark, say
from lifecycle.ui import state

ROOT = Path(__file__).resolve().parents[2] / "pages"

_ADDRESS = "address"

Group = Literal["work", "portfolio", "project", "administration", "reference", "unlisted"]
GROUPS: dict[Group, str] = {
    "work": "",
    "portfolio": mark("Portfolio"),
    "project": mark("Project"),
    "administration": mark("Administration"),
    "reference": mark("Reference"),
}


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page. `path` is its address and its name; the empty one is the first page of all.

    `title` and `about` are marked: they are said where they are shown.
    """

    path: str
    file: str
    title: str
    icon: str
    group: Group
    about: str

    @property
    def name(self) -> str:
        return self.path or "home"

    @property
    def material(self) -> str:
        return f":material/{self.icon}:"


PAGES: tuple[PageSpec, ...] = (
    PageSpec(
        "",
        "home.py",
        mark("My work"),
        "inbox",
        "work",
        mark("What waits for you and the projects you work on."),
    ),
    PageSpec(
        "new-project",
        "project/new.py",
        mark("New project"),
        "add",
        "work",
        mark("Register a project in a minute."),
    ),
    PageSpec(
        "search",
        "search.py",
        mark("Search"),
        "search",
        "work",
        mark("Find words in all projects you may read: names, answers, data sources, conditions."),
    ),
    PageSpec(
        "notifications",
        "notifications.py",
        mark("Notifications"),
        "notifications",
        "work",
        mark("What you were told, and how you want to be told."),
    ),
    PageSpec(
        "absence",
        "absence.py",
        mark("Absence"),
        "event_busy",
        "work",
        mark("Who decides for you while you are away."),
    ),
    PageSpec(
        "tokens",
        "tokens.py",
        mark("Access tokens"),
        "key",
        "work",
        mark("Let a program of yours use Lifecycle."),
    ),
    PageSpec(
        "portfolio",
        "portfolio/overview.py",
        mark("All projects"),
        "grid_view",
        "portfolio",
        mark("How ready every project is."),
    ),
    PageSpec(
        "roadmap",
        "portfolio/roadmap.py",
        mark("Roadmap"),
        "view_timeline",
        "portfolio",
        mark("What will be late, by how much, and whom to ask by when."),
    ),
    PageSpec(
        "portfolio-reviews",
        "portfolio/reviews.py",
        mark("Reviews"),
        "fact_check",
        "portfolio",
        mark("Who waits for whom, and for how long."),
    ),
    PageSpec(
        "early-planning",
        "portfolio/early_planning.py",
        mark("Early planning"),
        "event_upcoming",
        "portfolio",
        mark("How early the production questions were answered."),
    ),
    PageSpec(
        "days-ahead",
        "portfolio/days_ahead.py",
        mark("Days ahead"),
        "event_note",
        "portfolio",
        mark("Agreements that end, changes foreseen and reviews due."),
    ),
    PageSpec(
        "activity",
        "portfolio/activity.py",
        mark("Activity"),
        "history",
        "portfolio",
        mark("What changed lately."),
    ),
    PageSpec(
        "project",
        "project/overview.py",
        mark("Project overview"),
        "flag",
        "project",
        mark("Where the project stands and what is in its way."),
    ),
    PageSpec(
        "worksheet",
        "project/worksheet.py",
        mark("Worksheet"),
        "edit_note",
        "project",
        mark("The questions of one stage."),
    ),
    PageSpec(
        "sources",
        "project/sources.py",
        mark("Data sources"),
        "database",
        "project",
        mark("One record per input."),
    ),
    PageSpec(
        "spreadsheets",
        "project/spreadsheets.py",
        mark("Spreadsheets"),
        "table_view",
        "project",
        mark("Download a worksheet, fill it in elsewhere and bring it back."),
    ),
    PageSpec(
        "gate",
        "project/gate.py",
        mark("Gate"),
        "approval",
        "project",
        mark("Blockers, sign-offs and the outcome of a gate."),
    ),
    PageSpec(
        "evidence",
        "project/evidence.py",
        mark("Evidence"),
        "folder_open",
        "project",
        mark("Files and links that decisions rest on."),
    ),
    PageSpec(
        "plan",
        "project/plan.py",
        mark("Plan"),
        "calendar_month",
        "project",
        mark("Target dates and latest days to ask."),
    ),
    PageSpec(
        "releases",
        "project/releases.py",
        mark("Releases"),
        "rocket_launch",
        "project",
        mark("What is live, how it came there, and the way back."),
    ),
    PageSpec(
        "monitors",
        "project/monitors.py",
        mark("Monitors"),
        "monitoring",
        "project",
        mark("What is watched in production, and when it means trouble."),
    ),
    PageSpec(
        "incidents",
        "project/incidents.py",
        mark("Incidents"),
        "emergency_home",
        "project",
        mark("What went wrong, who sees to it, and what was learned."),
    ),
    PageSpec(
        "operation",
        "project/operation.py",
        mark("Operation"),
        "settings_heart",
        "project",
        mark("The next review, what changes around it, and its end."),
    ),
    PageSpec(
        "history",
        "project/history.py",
        mark("History"),
        "timeline",
        "project",
        mark("Everything that happened, in order."),
    ),
    PageSpec(
        "review",
        "project/review.py",
        mark("Review"),
        "rate_review",
        "unlisted",
        mark("Decide on what was asked of you."),
    ),
    PageSpec(
        "guide",
        "admin/guide.py",
        mark("Guide"),
        "menu_book",
        "reference",
        mark("Every question, check and threshold."),
    ),
    PageSpec(
        "people",
        "admin/people.py",
        mark("People"),
        "group",
        "administration",
        mark("Accounts, invitations and roles."),
    ),
    PageSpec(
        "import",
        "admin/import_register.py",
        mark("Import"),
        "upload_file",
        "administration",
        mark("Bring in a register."),
    ),
    PageSpec(
        "deliveries",
        "admin/deliveries.py",
        mark("Deliveries"),
        "outgoing_mail",
        "administration",
        mark("What people are told, and whether it arrived."),
    ),
    PageSpec(
        "audit",
        "admin/audit.py",
        mark("Audit"),
        "verified_user",
        "administration",
        mark("The log and its chain."),
    ),
    PageSpec(
        "settings",
        "admin/settings.py",
        mark("Settings"),
        "settings",
        "administration",
        mark("Working days and lead times."),
    ),
)
BY_NAME = {page.name: page for page in PAGES}


@remember
def existing() -> tuple[PageSpec, ...]:
    """The pages whose file is there, in the order of the list."""
    return tuple(page for page in PAGES if (ROOT / page.file).is_file())


def exists(name: str) -> bool:
    return BY_NAME[name] in existing()


def streamlit_page(page: PageSpec) -> st.Page:
    return st.Page(
        ROOT / page.file,
        title=say(page.title),
        icon=page.material,
        url_path=page.path or None,
        default=not page.path,
        help=say(page.about),
    )


# ------------------------------------------------------------------ where this tab is


def here(name: str) -> str | None:
    """One value of the address, for example `here("project")`; None when it is not there or empty."""
    found = st.query_params.get(name, "")
    return found or None


def is_phone() -> bool:
    """Whether the browser says that it runs on a phone; a narrow window of another one does not count."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def stay(**query: str | None) -> None:
    """Change the address without leaving the page: None takes a value out."""
    for name, content in query.items():
        if content is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = content


def settle_address() -> None:
    """At the start of a run of the whole page: give the browser the address that the run has.

    After a link to the page one is on, Streamlit's browser half keeps the old address and sends that with the next
    click, which would lead back to the person or gate shown before.
    """
    now = st.query_params.to_dict()
    if state.value(_ADDRESS) != now:
        state.put(_ADDRESS, now)
        _send_address(now)


def _send_address(now: Mapping[str, str]) -> None:
    """Setting one value sends the whole address; those that a tab or filter keeps may not be set by us.

    Where there are no others nothing is sent: then the browser's half wrote the address itself.
    """
    for name, content in now.items():
        try:
            st.query_params[name] = content
        except StreamlitAPIException:
            continue
        return


# ------------------------------------------------------------------ going elsewhere


def go(name: str, **query: str | int | None) -> NoReturn:
    """Switch to a page. From worksheets always this behind a button: a link loses what is half typed."""
    st.switch_page(streamlit_page(BY_NAME[name]), query_params=_plain(query))


def address(name: str, **query: str | int | None) -> str:
    """The link to a page, for tables, mails and Markdown."""
    words = query_text(**query)
    return f"/{BY_NAME[name].path}" + (f"?{words}" if words else "")


def query_text(**query: str | int | None) -> str:
    """The part of an address behind its question mark; values that are None stay out."""
    return urlencode(_plain(query))


def link(
    name: str,
    label: str = "",
    *,
    icon: str = "",
    width: Literal["content", "stretch"] = "content",
    **query: str | int | None,
) -> None:
    """Draw a link to a page, for places where nothing is typed: a tap on it only leaves a field that is."""
    page = BY_NAME[name]
    if page not in existing():
        return
    st.page_link(
        streamlit_page(page),
        label=label or say(page.title),
        icon=icon or page.material,
        width=width,
        query_params=_plain(query),
    )


def _plain(query: dict[str, str | int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}
