"""The only file that spells a key of st.session_state. Ids and primitives only: our own objects never live there.

Three kinds of state, three homes: facts in the database, "where am I" in the address (`navigation.here`), and
what only this browser tab knows (what is typed but not saved, what is open) here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import user_key_from_element_id

from lifecycle.language import ENGLISH

_FLASHES = "flashes"
_LAST_PROJECT = "last_project"
_BROUGHT = "brought"
_GUIDE = "guide_version"
_UNKNOWN = "unknown_address"
_LANGUAGE = "language"
_LOADS_ANEW = "loads_anew"
_PAGE_NAME = re.compile(r"[\w.~-]+")


# ------------------------------------------------------------------ messages that survive one rerun


def flash(kind: str, text: str) -> None:
    """Show a message at the top of the next drawing. `kind` is success, info, warning or error."""
    st.session_state[_FLASHES] = [*st.session_state.get(_FLASHES, ()), [kind, text]]


def take_flashes() -> list[tuple[str, str]]:
    """The messages waiting to be shown; they are gone afterwards."""
    waiting = st.session_state.get(_FLASHES, [])
    if waiting:
        st.session_state[_FLASHES] = []
    return [(kind, text) for kind, text in waiting]


# ------------------------------------------------------------------ the language of this tab


def language(choose: Callable[[], str]) -> str:
    """The code chosen when this tab began, for as long as it lasts: what its fields hold is written in that language.

    Outside of any run nobody is here to choose: English.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    if _LANGUAGE not in st.session_state:
        st.session_state[_LANGUAGE] = choose()
    return str(st.session_state[_LANGUAGE])


def load_anew(code: str) -> None:
    """Have the browser load the page again, in another language: a tab keeps its own."""
    st.session_state[_LOADS_ANEW] = code


def loads_anew() -> str:
    return str(st.session_state.get(_LOADS_ANEW, ""))


# ------------------------------------------------------------------ where this tab was last


def remember_project(key: str) -> None:
    st.session_state[_LAST_PROJECT] = key


def last_project() -> str | None:
    """The project this tab looked at last, for pages that are not about one."""
    found = st.session_state.get(_LAST_PROJECT)
    return str(found) if found else None


def go_by_guide(version: str) -> None:
    """From now on this tab is about a project that goes by this version; "": about none."""
    st.session_state[_GUIDE] = version


def guide_version() -> str:
    """Known in callbacks as well, which run before the page says it again; "" outside of any run."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    return str(st.session_state.get(_GUIDE, ""))


def unknown_address(known: Collection[str]) -> str | None:
    """The page that the address asks for when it is none of `known`; kept, because later runs only send its hash."""
    context = get_script_run_ctx()
    asked = context.pages_manager.intended_page_name if context else None
    if asked and asked not in known and _PAGE_NAME.fullmatch(asked):
        st.session_state[_UNKNOWN] = asked
    found: str | None = st.session_state.get(_UNKNOWN)
    return found if found not in known else None


# ------------------------------------------------------------------ widgets and what belongs to them


def widget_key(*parts: object) -> str:
    """The one spelling of a widget's key: `widget_key("answer", project, source, field, part)`."""
    return ":".join(str(part) for part in parts)


def value(key: str, default: Any = None) -> Any:
    """What a widget or a note of ours holds now."""
    return st.session_state.get(key, default)


def has(key: str) -> bool:
    return key in st.session_state


def put(key: str, content: Any) -> None:
    """Set a note, or a widget's value before the widget is drawn in this run."""
    st.session_state[key] = content


def take(key: str, default: Any = None) -> Any:
    """What a widget or a note holds, and nothing of it stays."""
    return st.session_state.pop(key, default)


def forget(key: str) -> None:
    if key in st.session_state:
        del st.session_state[key]


def fresh(form: str) -> str:
    """The beginning of the keys of a form's widgets: another one after `renew`, so that they are empty again."""
    turn = st.session_state.get(f"turn:{form}", 0)
    return f"{form}:{turn}" if turn else form


def renew(form: str) -> None:
    """What was typed into this form is done with. Forgetting its keys is not enough: the browser still has them."""
    st.session_state[f"turn:{form}"] = st.session_state.get(f"turn:{form}", 0) + 1


def base(of: str, revision: int) -> int:
    """The revision that a form was filled from: that of its first drawing, while `of`, one of its widgets, lives.

    Call it before that widget is drawn. What somebody else saves meanwhile does not move it.
    """
    note = f"base:{of}"
    if of not in st.session_state or note not in st.session_state:
        st.session_state[note] = revision
    return int(st.session_state[note])


def rebase(of: str, revision: int) -> None:
    """From now on the form counts as filled from this revision: the person has seen it."""
    st.session_state[f"base:{of}"] = revision


def note_brought() -> None:
    """At the start of a run of the whole page: which widgets does the browser hold that this session never drew?

    After a restart of the server a tab comes back with what it held. Those values must be compared with the
    database and never overwritten, while widgets that are merely new are seeded from it.
    """
    waiting = st.session_state.get(_BROUGHT)
    if waiting is None:
        st.session_state[_BROUGHT] = sorted(_keys_from_browser())
    elif waiting:
        still = _keys_from_browser()
        st.session_state[_BROUGHT] = [key for key in waiting if key in still]


def brought(prefix: str) -> tuple[str, ...]:
    """Keys with this prefix that the browser brought into this session and that nobody has adopted yet."""
    return tuple(key for key in st.session_state.get(_BROUGHT, ()) if key.startswith(prefix))


def adopt_brought(prefix: str) -> None:
    """From now on these widgets are this session's own."""
    waiting = st.session_state.get(_BROUGHT)
    if waiting:
        st.session_state[_BROUGHT] = [key for key in waiting if not key.startswith(prefix)]


def _keys_from_browser() -> set[str]:
    # Asked of the run's own context: st.session_state hides widgets that this session has not drawn before.
    context = get_script_run_ctx()
    if context is None:
        return set()
    found = (user_key_from_element_id(widget.id) for widget in context.session_state.get_widget_states())
    return {key for key in found if key}
