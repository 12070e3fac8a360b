"""A plain form of our own for a file: Streamlit's uploader hides its drop zone from screen readers and focuses it."""

from __future__ import annotations

from html import escape

import streamlit as st

from lifecycle.ui.views.portfolio_maps import is_dark

_FORM = """
<style>#{name}::file-selector-button {{font:inherit;color:inherit;background:transparent;cursor:pointer;
  border:1px solid {border};border-radius:6px;padding:6px 14px;margin-right:12px}}</style>
<form action="{action}" method="post" enctype="multipart/form-data"
  style="display:flex;flex-wrap:wrap;gap:12px;align-items:center;padding:14px;border:1px solid {border};
  border-radius:6px;color-scheme:{scheme}">
  <label for="{name}" style="flex-basis:100%">{label}</label>
  <input type="file" id="{name}" name="file" required accept="{accept}"
    style="flex:1 1 200px;min-width:0;font:inherit;color:inherit">
  <button type="submit" style="font:inherit;color:#fff;background:{primary};border:1px solid {primary};
    border-radius:6px;padding:6px 14px;cursor:pointer">{button}</button>
</form>"""


def file_form(name: str, *, action: str, label: str, accept: str, button: str) -> None:
    """Draw it. `name` is the id of its input; the file goes to `action`, a route of ours."""
    scheme = "dark" if is_dark() else "light"
    border, primary = (
        st.get_option(f"theme.{scheme}.{colour}") for colour in ("borderColor", "primaryColor")
    )
    said = {"name": name, "action": action, "label": label, "accept": accept, "button": button}
    st.html(
        _FORM.format(
            **{key: escape(text, quote=True) for key, text in said.items()},
            scheme=scheme,
            border=border,
            primary=primary,
        )
    )
