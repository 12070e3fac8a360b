"""Lifecycle as one ASGI application: `python app.py`, `streamlit run app.py` or `uvicorn app:app`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from streamlit import config, file_util

from lifecycle.demo import build_example
from lifecycle.errors import LifecycleError
from lifecycle.settings import read_settings
from lifecycle.ui.wire import WIRE
from lifecycle.vocabulary import Actor
from lifecycle.web.server import Site, Sockets

HERE = Path(__file__).resolve().parent
# Streamlit looks for .streamlit/config.toml beside this file, wherever the server was started.
config._main_script_path = str(HERE / "app.py")


def load_example(by: Actor) -> None:
    """For the button of the first start; takes some ten seconds."""
    build_example(site.database, site.guide(), site.files, by=by, now=datetime.now(UTC))


try:
    site = Site(read_settings(), load_example=load_example)
except (LifecycleError, ValueError) as error:
    raise SystemExit(str(error)) from None

app = st.App(
    HERE / "lifecycle" / "ui" / "frame.py",
    routes=site.routes(),
    middleware=site.middleware(index_page=Path(file_util.get_static_dir()) / "index.html", wire=WIRE),
    lifespan=site.lifespan(),
    exception_handlers=site.exception_handlers(),
)

if __name__ == "__main__":
    limits = Sockets(
        largest_message=int(st.get_option("server.maxMessageSize")) * 1_000_000,
        ping_seconds=st.get_option("server.websocketPingInterval") or 30,
        compression=st.get_option("server.enableWebsocketCompression"),
    )
    sys.exit(site.serve(app, limits))
