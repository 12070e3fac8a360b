"""The product's server around a frame of four lines, to see what the guard does."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import config, file_util

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
config._main_script_path = str(ROOT / "app.py")

from lifecycle.settings import read_settings  # noqa: E402
from lifecycle.ui.wire import WIRE  # noqa: E402
from lifecycle.web.server import Site, Sockets  # noqa: E402

# pages/ stands beside this file as it does beside app.py: the old page discovery must not find it.
site = Site(read_settings())


def _break(_request: Request) -> Response:
    raise RuntimeError("a secret of the inside")


# Open to anybody by its address, hence only where a test asks for it.
SLOW = f"/invitation/{'slow' * 6}"


async def _slow(_request: Request) -> Response:
    await asyncio.sleep(1.5)
    return Response("finished")


slow = [Route(SLOW, _slow)] if os.environ.get("PROBE_SLOW") else []
app = st.App(
    Path(__file__).parent / "frame" / "frame.py",
    routes=[Route("/broken", _break), *slow, *site.routes()],
    middleware=site.middleware(index_page=Path(file_util.get_static_dir()) / "index.html", wire=WIRE),
    lifespan=site.lifespan(),
    exception_handlers=site.exception_handlers(),
)

if __name__ == "__main__":
    sys.exit(site.serve(app, Sockets(200_000_000, 30, compression=False)))
