"""The measurements' client against a real Streamlit server: it must see what a browser would see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.drive import RerunFailed, Session, pressed, text
from bench.stock import median_rerun, stock_server

PAGE = """
import time
import streamlit as st
owner = st.text_area("Owner")
if owner:
    st.text_input(f"Phone of {owner}")
if st.button("Again") and st.session_state.setdefault("runs", 0) < 1:
    st.session_state["runs"] += 1
    time.sleep(0.3)
    st.rerun()
if st.session_state.get("runs"):
    st.text_input("After the second run")
if st.button("Wait"):
    time.sleep(0.5)
if st.button("Break"):
    raise ValueError("broken on purpose")
st.text_input("Cookie " + st.context.cookies.get("who", "none"))
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with stock_server(PAGE) as server:
        yield server.url


def test_session_sends_values_and_sees_what_they_cause(url: str) -> None:
    with Session(url) as session:
        assert "Phone of Ada" not in session.widgets
        session.rerun(text(session.widgets["Owner"], "Ada"))
        assert "Phone of Ada" in session.widgets


def test_session_times_the_whole_run(url: str) -> None:
    with Session(url) as session:
        assert session.rerun(pressed(session.widgets["Wait"])) >= 0.5


def test_session_waits_for_the_rerun_a_page_asks_for(url: str) -> None:
    with Session(url) as session:
        assert session.rerun(pressed(session.widgets["Again"])) >= 0.3
        assert "After the second run" in session.widgets


def test_session_carries_its_cookie(url: str) -> None:
    with Session(url, cookie="who=ada") as session:
        assert "Cookie ada" in session.widgets


def test_session_refuses_to_time_an_exception(url: str) -> None:
    with Session(url) as session, pytest.raises(RerunFailed, match="broken on purpose"):
        session.rerun(pressed(session.widgets["Break"]))


def test_median_is_of_reruns_after_the_warm_up(url: str) -> None:
    with Session(url) as session:
        assert 0 < median_rerun(session, reruns=5) < 0.5
