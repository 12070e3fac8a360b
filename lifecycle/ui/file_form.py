"""Files that come in by a plain form to a route of ours, and wait there until somebody decides about them.

Not Streamlit's uploader: it hides its drop zone from screen readers, takes the focus, and keeps whole files in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from lifecycle.interchange.register_files import RegisterFile, RegisterFiles
from lifecycle.language import say
from lifecycle.ui import cache, identity, navigation
from lifecycle.ui.components import plain

_FORM = """
<style>#{key}::file-selector-button {{font:inherit;color:inherit;background:transparent;cursor:pointer;
  border:1px solid {border};border-radius:6px;padding:6px 14px;margin-right:12px}}</style>
<form action="{path}" method="post" enctype="multipart/form-data"
  style="display:flex;flex-wrap:wrap;gap:12px;align-items:center;padding:14px;border:1px solid {border};
  border-radius:6px;color-scheme:{scheme}">
  {hidden}
  <label for="{key}" style="flex-basis:100%">{label}</label>
  <input type="file" id="{key}" name="file" required accept="{accept}"
    style="flex:1 1 200px;min-width:0;font:inherit;color:inherit">
  <button type="submit" style="font:inherit;color:#fff;background:{primary};border:1px solid {primary};
    border-radius:6px;padding:6px 14px;cursor:pointer">{button}</button>
</form>"""


def file_form(
    path: str,
    key: str,
    *,
    label: str,
    accept: str,
    button: str,
    places: Mapping[str, str | None] | None = None,
) -> None:
    """Draw it in the colours of the theme; `key` is its id on the page, `places` are sent along where they are said."""
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    border, primary = (st.get_option(f"theme.{scheme}.{name}") for name in ("borderColor", "primaryColor"))
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in (places or {}).items()
        if value
    )
    st.html(
        _FORM.format(
            path=path,
            key=key,
            hidden=hidden,
            label=escape(label),
            accept=accept,
            button=escape(button),
            scheme=scheme,
            border=border,
            primary=primary,
        )
    )


def waiting_file(waits_as: str = "file") -> RegisterFile | None:
    """The file that the address names, while it waits for this person; says so when it is no longer there."""
    token = navigation.here(waits_as)
    if token is None:
        return None
    files = RegisterFiles(cache.database().file, cache.settings().uploads)
    found = files.find(token, identity.actor().key)
    if found is None:
        st.info(say("That file is no longer here. Choose it again."), icon=":material/info:")
    return found


def file_line(file: RegisterFile, key: str, waits_as: str = "file") -> None:
    """The name of the file that waits, with the way to another one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{plain(file.name)}**", width="content", anchors=False)
        st.button(say("Another file"), key=key, type="tertiary", on_click=put_away, args=(waits_as,))


def put_away(waits_as: str = "file") -> None:
    """Forget the file that the address names."""
    navigation.stay(**{waits_as: None})
