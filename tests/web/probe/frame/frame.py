"""Leaves a mark for every run, so that a test knows what ran and for whom."""

import os
from pathlib import Path

import streamlit as st

with Path(os.environ["PROBE_MARKS"]).open("a", encoding="utf-8") as marks:
    marks.write(f"{st.context.cookies.get('lifecycle_session', 'nobody')}\n")

st.navigation([st.Page(lambda: st.write("the frame drew this"), title="Start", url_path="start")]).run()
