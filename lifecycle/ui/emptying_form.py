"""A form that does one thing and is empty again once it is done; refused, it keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lifecycle.ui import state
from lifecycle.ui.perform import perform


@dataclass(frozen=True, slots=True)
class EmptyingForm:
    """`name` tells it from every other form of the page: `incidents:close:7`."""

    name: str

    def key(self, field: str) -> str:
        """The key of one of its widgets: another one each time the form begins anew."""
        return f"{state.fresh(self.name)}:{field}"

    def begin_with(self, field: str, content: Any) -> None:
        """Put something into a widget before it is first drawn; what is typed since stays."""
        if not state.has(self.key(field)):
            state.put(self.key(field), content)

    def drawn(self) -> DeltaGenerator:
        """The form to draw into. Enter sends nothing, so that a line break loses no text."""
        return st.form(self.name, border=False, enter_to_submit=False)

    def send(self, action: Callable[..., Any], done: str, **told: Any) -> None:
        """Do what it is for; returns only when that was refused."""
        perform(action, done=done, clears=self.name, **told)
