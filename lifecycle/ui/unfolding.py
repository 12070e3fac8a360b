"""What is folded away costs nothing until somebody unfolds it.

Streamlit draws what is inside a closed expander or an unseen tab in every run. `is_wanted` says whether to: from its
first opening on, so that what is typed in it stays when it is closed again.
"""

from __future__ import annotations

from typing import Protocol

from lifecycle.ui import state


class Foldable(Protocol):
    """A container made with `on_change="rerun"`, which knows whether it is open."""

    @property
    def open(self) -> bool | None: ...


def is_wanted(container: Foldable, key: str) -> bool:
    """Whether this container is open, or was at some time in this tab of the browser."""
    note = f"unfolded:{key}"
    if container.open and not state.has(note):
        state.put(note, True)
    return state.has(note)
