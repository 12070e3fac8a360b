"""Pieces every page is made of. They draw plain values and never read the database.

page_header · key_figures · definitions · blocker_list · empty_state · refusal · flashes · level_badge ·
sign_off_badge · decision_badge · check_badge; and words for Markdown: plain · ago · day · until · people_names.
Whatever a person wrote goes through `plain` before it stands in Markdown or in a widget's label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from typing import Any

import streamlit as st

from lifecycle.errors import Invalid, LifecycleError, Refused, said_place
from lifecycle.guide import Guide
from lifecycle.language import mark, say, say_count
from lifecycle.ui import navigation, standing, state
from lifecycle.vocabulary import Blocker, CheckResult, Decision, Gate, Level, SignOffStatus

# Only where a character can mean something: fields have their label read aloud as it is, backslashes included.
_SPECIAL = re.compile(r"([\\`*_\[\]<~|:$]|&(?=#?\w+;))")
_AT_START = re.compile(r"^(\d*)([#+\-=>.)])", re.MULTILINE)  # headings, lists, rules, quotes
_INDENTED = re.compile(r"\n[ \t]+")  # would become code
# Streamlit makes icons and arrows of these even where they are escaped.
_REPLACED = re.compile(r"(?<=:)(?=material/|streamlit\\:)|(?<=[<>~-])(?=\\?[<>=-])")
_WORD_JOINER = "\u2060"
_BANNERS = {"warning": st.warning, "error": st.error}
_WEEKDAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))
_FLASH_ICONS = {
    "success": ":material/check_circle:",
    "info": ":material/info:",
    "warning": ":material/warning:",
    "error": ":material/error:",
}


# ------------------------------------------------------------------ words


def plain(text: str) -> str:
    """What a person wrote, so that Markdown shows exactly these characters: no image, icon, colour or HTML.

    A web or mail address still becomes a link, which then shows where it leads.
    """
    text = _AT_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", _INDENTED.sub("\n", text)))
    return _REPLACED.sub(_WORD_JOINER, text).replace("\n", "  \n")


def one_line(text: str, longest: int = 80) -> str:
    """The beginning of a text on one line, cut at a word; not yet made `plain`."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    cut = text[:longest].rsplit(" ", 1)[0]
    return f"{cut if len(cut) > longest // 2 else text[: longest - 1]}…"


def day(on: date) -> str:
    """2026-11-23, weekday before it: "Mon 2026-11-23"."""
    return f"{_WEEKDAYS[on.weekday()]} {on.isoformat()}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago: "just now", "12 minutes ago", "yesterday", "41 days ago"."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return say("just now")
    if seconds < 3_600:
        return say_count("{number:,} minute ago", "{number:,} minutes ago", int(seconds // 60))
    if seconds < 86_400:
        return say_count("{number:,} hour ago", "{number:,} hours ago", int(seconds // 3_600))
    days = (now.date() - moment.date()).days
    return say("yesterday") if days <= 1 else say_count("{number:,} day ago", "{number:,} days ago", days)


def until(on: date, today: date) -> str:
    """How far away a day is: "today", "in 3 days", "12 days overdue"."""
    days = (on - today).days
    if days == 0:
        return say("today")
    if days > 0:
        return say_count("in {number:,} day", "in {number:,} days", days)
    return say_count("{number:,} day overdue", "{number:,} days overdue", -days)


def semicolons(parts: Iterable[str]) -> str:
    """Parts of a sentence, one after another: "1 figure is watched; none of them in breach"."""
    return reduce(lambda said, more: say("{said}; {more}", said=said, more=more), parts)


def exact(moment: datetime) -> str:
    """For hovering: "2026-11-23 05:12 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def people_names(keys: Iterable[str], names: Mapping[str, str]) -> str:
    """People by name, as "Ada, Ben and Cleo"."""
    found = [names[key] if key in names else say("somebody erased") for key in keys]
    return say(" and ").join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def when(label: str, moment: datetime, now: datetime) -> None:
    """A quiet line such as "Saved 3 days ago"; hovering shows the exact time."""
    st.caption(f"{plain(label)} {ago(moment, now)}", help=exact(moment))


# ------------------------------------------------------------------ badges


def badge(mark: standing.Mark, note: str = "") -> None:
    """A standing as a badge, with a note behind its word: "Waiting · 41 days"."""
    label = f"{mark.word} · {note}" if note else mark.word
    st.badge(plain(label), icon=mark.material, color=mark.colour)


def level_badge(level: Level, note: str = "") -> None:
    badge(standing.LEVELS[level], note)


def sign_off_badge(status: SignOffStatus, note: str = "") -> None:
    badge(standing.SIGN_OFFS[status], note)


def decision_badge(decision: Decision, note: str = "") -> None:
    badge(standing.DECISIONS[decision], note)


def check_badge(result: CheckResult, note: str = "") -> None:
    badge(standing.CHECKS[result], note)


# ------------------------------------------------------------------ the parts of a page


def page_header(
    title: str,
    *,
    about: str = "",
    mark: standing.Mark | None = None,
    actions: Callable[[], None] | None = None,
) -> None:
    """Title, one quiet sentence, a standing beside it and buttons at the right. `title` and `about` are plain text."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.title(plain(title), anchor=False, width="content")
            if mark is not None:
                badge(mark)
        if actions is not None:
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                actions()
    if about:
        st.caption(plain(about))


def flashes() -> None:
    """The messages that earlier runs left, once.

    What went well is said over the page: wherever the button was, it is seen, and nothing moves.
    """
    for kind, text in state.take_flashes():
        if kind in _BANNERS:
            _BANNERS[kind](plain(text), icon=_FLASH_ICONS[kind])
        else:
            st.toast(plain(text), icon=_FLASH_ICONS[kind], duration="long")


def key_figures(figures: Sequence[tuple[str, str, str]]) -> None:
    """Numbers that matter at a glance: (label, value, one quiet line or "")."""
    with st.grid(min(len(figures), 6), min_column_width=150):
        for label, figure, note in figures:
            with st.container(border=True, gap="xxsmall"):
                st.metric(plain(label), figure)
                if note:
                    st.caption(plain(note))


def definitions(pairs: Sequence[tuple[str, str]]) -> None:
    """Terms with what they are, for facts of one thing. Empty values show as a dash."""
    with st.grid(3, min_column_width=220, gap="small"):
        for term, content in pairs:
            with st.container(gap=None):
                st.caption(plain(term))
                st.markdown(plain(content) if content else "—", anchors=False)


def empty_state(
    title: str, text: str, *, icon: str = "inbox", action: str = "", to: str = "", **query: str
) -> None:
    """Why there is nothing here and what to do next; a button to the page `to` when `action` names one."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(
            f"## :gray[:material/{icon}:] {plain(title)}",
            text_alignment="center",
            anchors=False,
        )
        st.caption(plain(text), text_alignment="center")
        if action and st.button(action, key=f"empty:{to}", type="primary"):
            navigation.go(to, **query)


def blocker_list(
    blockers: Sequence[Blocker],
    *,
    project: str,
    guide: Guide,
    most: int = 12,
    here: Gate | None = None,
) -> None:
    """What stands in the way, gravest first; every line leads to the field, or to the gate it concerns.

    Beyond `most` the rest folds away. `guide` tells in which stage's worksheet a field is, `here` which gate is
    on the screen already.
    """
    ordered = sorted(blockers, key=lambda blocker: (_is_wanting(blocker), -blocker.severity.weight))
    for number, blocker in enumerate(ordered[:most]):
        _blocker(blocker, number, project, guide, here)
    if len(ordered) > most:
        more = st.expander(
            say("{number} more", number=len(ordered) - most), key="blockers:more", on_change="rerun"
        )
        if more.open:
            with more:
                for number, blocker in enumerate(ordered[most:], start=most):
                    _blocker(blocker, number, project, guide, here)


def text_in_row(text: str, *, is_quiet: bool = False) -> None:
    """A text inside a row that must not wrap.

    A text reaches 12 pixels below its own box. A row that cannot wrap would scroll by just these, under the
    pointer and instead of the page; the space takes them up.
    """
    with st.container(gap=None):
        if is_quiet:
            st.caption(text)
        else:
            st.markdown(text, anchors=False)
        st.space(12)


def _is_wanting(blocker: Blocker) -> bool:
    """Whether it only says that something has not been answered yet: what is known to be wrong comes first."""
    return blocker.code.startswith("answer:") or blocker.is_unclear


def _blocker(blocker: Blocker, number: int, project: str, guide: Guide, here: Gate | None) -> None:
    mark = standing.SEVERITIES[blocker.severity]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f":{mark.colour}[{mark.material}] {plain(blocker.text)}", width="content", anchors=False)
        target = field_target(blocker.fields[0], guide) if blocker.fields else None
        if target is None and here is not None and blocker.gate is here:
            return
        if st.button(
            _leads_to(blocker, guide, target is not None),
            key=f"blocker:{number}:{blocker.code}",
            icon=":material/arrow_forward:",
            type="tertiary",
        ):
            if target is not None:
                navigation.go(target[0], project=project, **target[1])
            navigation.go("gate", project=project, gate=blocker.gate.value if blocker.gate else None)


def _leads_to(blocker: Blocker, guide: Guide, is_field: bool) -> str:
    if is_field:
        return plain(guide.field(blocker.fields[0].partition("@")[0]).title)
    return say("{gate} gate", gate=blocker.gate.title) if blocker.gate else say("Gate")


def field_target(key: str, guide: Guide) -> tuple[str, dict[str, str]] | None:
    """Page and query that show the field of a key such as `D14` or `X05@3`; None for a key of something else."""
    field_id, _, source = key.partition("@")
    spec = guide.fields.get(field_id)
    if spec is None:
        return None
    if spec.stage is None:
        return "sources", {"field": field_id, **({"source": source} if source else {})}
    return "worksheet", {"stage": spec.stage.value, "field": field_id}


def opening_column(key: str, projects: Sequence[str]) -> Any:
    """For the first column of a table of projects: their names as buttons. `projects` are their keys, row by row."""
    return st.column_config.ButtonColumn(
        type="tertiary",
        alignment="left",
        width="medium",
        pinned=True,
        key=key,
        on_click=_open_project,
        args=(key, list(projects)),
    )


def _open_project(key: str, projects: list[str]) -> None:
    clicked = state.value(key)
    if clicked and clicked["row"] < len(projects):
        navigation.go("project", project=projects[clicked["row"]])


# ------------------------------------------------------------------ refusals


def refusal(error: LifecycleError) -> None:
    """Why something was not done, in sentences, beside what was tried."""
    show_refusal(*refusal_words(error))


def refusal_words(error: LifecycleError) -> tuple[str, str]:
    """The same as Markdown and an icon, for a refusal that is shown by a later run than the one it happened in."""
    if isinstance(error, Refused) and len(error.blockers) > 1:
        reasons = "\n".join(f"- {plain(blocker.text)}" for blocker in error.blockers)
        return say("This cannot go on yet:\n\n{reasons}", reasons=reasons), "block"
    if isinstance(error, Invalid):
        lines = [_problem(place, text) for place, text in error.problems.items()]
        return "  \n".join(plain(line) for line in lines), "error"
    return plain(str(error)), "error"


def _problem(place: str, text: str) -> str:
    said_text = say(text)  # some are constants of a module
    if not place:
        return said_text
    said = said_place(place)
    return say("{place}: {text}", place=f"{said[:1].upper()}{said[1:]}", text=said_text)


def show_refusal(said: str, icon: str) -> None:
    st.error(said, icon=f":material/{icon}:")


def refusal_page(error: LifecycleError) -> None:
    """Instead of a page that cannot be shown."""
    st.title(say("This cannot be shown"), anchor=False)
    refusal(error)
    if st.button(say("Back to my work"), icon=":material/inbox:", type="primary"):
        navigation.go("home")
