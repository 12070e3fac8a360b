"""The script of every run: `app.py` names it as Streamlit's main script. Everything is in `shell`."""

from __future__ import annotations

from lifecycle.ui.shell import show

show()
