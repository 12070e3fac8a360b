"""The three things the guard must know of Streamlit's websocket messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from streamlit import runtime
from streamlit.proto.AuthRedirect_pb2 import AuthRedirect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lifecycle.web.guard import Wire

if TYPE_CHECKING:
    from starlette.types import Scope


def _is_by_hand(message: bytes) -> bool:
    """False for the reruns that a `run_every` fragment asks for by itself."""
    try:
        return not BackMsg.FromString(message).rerun_script.is_auto_rerun
    except DecodeError:
        return True


def _is_busy(scope: Scope) -> bool:
    """Whether a run of the session at this connection is under way or asked for.

    Streamlit has no public word for it; the version is pinned, and tests/web/test_guard.py fails when this breaks.
    """
    if not runtime.exists():
        return False
    for session in runtime.get_instance()._session_mgr.list_active_sessions():
        socket = getattr(session.client, "_websocket", None)
        if socket is not None and socket.scope is scope:
            return session.session._scriptrunner is not None
    return False


WIRE = Wire(
    farewell=ForwardMsg(auth_redirect=AuthRedirect(url="/sign-in?because=ended")).SerializeToString(),
    is_by_hand=_is_by_hand,
    is_busy=_is_busy,
)
