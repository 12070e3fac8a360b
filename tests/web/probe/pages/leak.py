"""Must never run: it stands beside the app as the product's pages do, outside of the frame."""

import os
from pathlib import Path

import streamlit as st

with Path(os.environ["PROBE_MARKS"]).open("a", encoding="utf-8") as marks:
    marks.write("leak\n")

st.write("this page was reached without the frame")
