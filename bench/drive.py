"""A browser's half of Streamlit's websocket protocol, without a browser: measures reruns, never renders.

with Session("http://127.0.0.1:8501", cookie="name=token", page="worksheet") as session:
    session.rerun(text(session.widgets["Owner"], "Ada"), pressed(session.widgets["Save"]))
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

RERUN_SECONDS = 30.0
LARGEST_MESSAGE = 200 * 2**20  # what Streamlit itself allows


class RerunFailed(Exception):
    """The script did not end, did not compile, or drew an exception. `str()` says which."""


def text(widget: str, value: str) -> WidgetState:
    """What a text field or text area sends when it holds `value`; `widget` is an id from Session.widgets."""
    return WidgetState(id=widget, string_value=value)


def pressed(widget: str) -> WidgetState:
    """What a button sends in the one run its click causes."""
    return WidgetState(id=widget, trigger_value=True)


class Session:
    """One open tab. `cookie` is a whole `name=value`; `page` is the address without its slash.

    Opening it runs the script once. `widgets` maps each label drawn so far to its newest id, `messages`
    counts what the last run sent. A browser repeats the values of all widgets on each rerun: so must the
    caller.
    """

    def __init__(self, url: str, cookie: str | None = None, *, page: str = "", query: str = "") -> None:
        self.widgets: dict[str, str] = {}
        self.messages = 0
        self._page, self._page_hash, self._query = page, "", query
        self._opened = ExitStack()
        self._socket = self._opened.enter_context(_connection(url, cookie))
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.first_seconds = self.rerun()
            on_failure.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._opened.close()

    def rerun(self, *states: WidgetState) -> float:
        """Seconds from asking for a run until the script has finished. Raises RerunFailed.

        The page's own reruns (st.rerun) count into the same figure, as a person waits for them too.
        """
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = self._page
        message.rerun_script.page_script_hash = self._page_hash
        message.rerun_script.widget_states.widgets.extend(states)
        started = time.perf_counter()
        self._socket.send(message.SerializeToString())
        self._receive_until_finished(started + RERUN_SECONDS)
        return time.perf_counter() - started

    def _receive_until_finished(self, deadline: float) -> None:
        self.messages = 0
        while True:
            message = self._receive(deadline)
            self.messages += 1
            match message.WhichOneof("type"):
                case "new_session":
                    self._page_hash = message.new_session.page_script_hash
                case "delta":
                    self._notice(message.delta)
                case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                        raise RerunFailed("The script does not compile.")
                    return

    def _receive(self, deadline: float) -> ForwardMsg:
        try:
            received = self._socket.recv(timeout=max(0.0, deadline - time.perf_counter()), decode=False)
        except TimeoutError:
            raise RerunFailed(f"The script did not finish in {RERUN_SECONDS:.0f} seconds.") from None
        message = ForwardMsg()
        message.ParseFromString(received)
        return message

    def _notice(self, delta: Delta) -> None:
        kind = delta.new_element.WhichOneof("type") if delta.WhichOneof("type") == "new_element" else None
        if kind is None:
            return
        element = getattr(delta.new_element, kind)
        if kind == "exception":
            raise RerunFailed(f"The page drew an exception: {element.type}: {element.message}")
        label, identity = getattr(element, "label", ""), getattr(element, "id", "")
        if label and identity:
            self.widgets[label] = identity


def _connection(url: str, cookie: str | None) -> AbstractContextManager[ClientConnection]:
    return connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": cookie} if cookie else None,
        origin=Origin(url),
        max_size=LARGEST_MESSAGE,
        compression=None,
    )
