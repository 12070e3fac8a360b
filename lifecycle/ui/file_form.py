"""A plain form that sends one file to a route of ours: Streamlit's uploader hides its drop zone from screen readers."""

from __future__ import annotations

from html import escape

import streamlit as st

_FORM = """
<style>#{key}::file-selector-button {{font:inherit;color:inherit;background:transparent;cursor:pointer;
  border:1px solid {border};border-radius:6px;padding:6px 14px;margin-right:12px}}</style>
<form action="{path}" method="post" enctype="multipart/form-data"
  style="display:flex;flex-wrap:wrap;gap:12px;align-items:center;padding:14px;border:1px solid {border};
  border-radius:6px;color-scheme:{scheme}">
  <label for="{key}" style="flex-basis:100%">{label}</label>
  <input type="file" id="{key}" name="file" required accept="{accept}"
    style="flex:1 1 200px;min-width:0;font:inherit;color:inherit">
  <button type="submit" style="font:inherit;color:#fff;background:{primary};border:1px solid {primary};
    border-radius:6px;padding:6px 14px;cursor:pointer">{button}</button>
</form>"""


def file_form(path: str, key: str, *, label: str, accept: str, button: str) -> None:
    """Draw it in the colours of the theme; `key` is its id on the page."""
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    border, primary = (st.get_option(f"theme.{scheme}.{name}") for name in ("borderColor", "primaryColor"))
    st.html(
        _FORM.format(
            path=path,
            key=key,
            label=escape(label),
            accept=accept,
            button=escape(button),
            scheme=scheme,
            border=border,
            primary=primary,
        )
    )
