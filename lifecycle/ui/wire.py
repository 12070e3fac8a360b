"""The two things the guard must know of Streamlit's websocket messages."""

from __future__ import annotations

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from streamlit.proto.AuthRedirect_pb2 import AuthRedirect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lifecycle.web.guard import Wire


def _is_by_hand(message: bytes) -> bool:
    """False for the reruns that a `run_every` fragment asks for by itself."""
    try:
        return not BackMsg.FromString(message).rerun_script.is_auto_rerun
    except DecodeError:
        return True


WIRE = Wire(
    farewell=ForwardMsg(auth_redirect=AuthRedirect(url="/sign-in?because=ended")).SerializeToString(),
    is_by_hand=_is_by_hand,
)
