"""A browser's half of Streamlit's websocket protocol, without a browser: measures reruns, never renders.

with Session("http://127.0.0.1:8501", cookie="name=token", page="worksheet") as session:
    session.rerun(text(session.widgets["Owner"], "Ada"), pressed(session.widgets["Save"]))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import MappingProxyType, TracebackType
from typing import Any, Self

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

    Opening it runs the script once. `widgets` maps each label drawn so far to its newest id, `keyed` each key;
    `messages` counts what the last run sent. As a browser does, every rerun repeats the values of all widgets
    drawn so far, and one for a single widget inside a fragment asks for that fragment alone.
    """

    def __init__(self, url: str, cookie: str | None = None, *, page: str = "", query: str = "") -> None:
        self.widgets: dict[str, str] = {}
        self.keyed: dict[str, str] = {}
        self.messages = 0
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
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
        asked = self._asking_for(states).SerializeToString()
        started = time.perf_counter()
        self._socket.send(asked)
        received, finished = self._receive_until_finished(started + RERUN_SECONDS)
        # What a browser does with the messages is its own time, not the server's.
        self._notice(received)
        return finished - started

    def _asking_for(self, states: tuple[WidgetState, ...]) -> BackMsg:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_name = self._query, self._page
        asked.page_script_hash = self._page_hash
        lasting = {state.id: state for state in states if state.WhichOneof("value") != "trigger_value"}
        self._states |= lasting
        asked.widget_states.widgets.extend(self._states.values())
        asked.widget_states.widgets.extend(state for state in states if state.id not in lasting)
        if len(states) == 1:
            asked.fragment_id = self._fragments.get(states[0].id, "")
        return message

    def _receive_until_finished(self, deadline: float) -> tuple[list[ForwardMsg], float]:
        received = []
        while True:
            message = self._receive(deadline)
            received.append(message)
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RerunFailed("The script does not compile.")
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return received, time.perf_counter()

    def _receive(self, deadline: float) -> ForwardMsg:
        try:
            received = self._socket.recv(timeout=max(0.0, deadline - time.perf_counter()), decode=False)
        except TimeoutError:
            raise RerunFailed(f"The script did not finish in {RERUN_SECONDS:.0f} seconds.") from None
        message = ForwardMsg()
        message.ParseFromString(received)
        return message

    def _notice(self, messages: list[ForwardMsg]) -> None:
        self.messages = len(messages)
        for message in messages:
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self._page_hash = message.navigation.page_script_hash
            elif kind == "new_session" and not self._page_hash:
                self._page_hash = message.new_session.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._notice_element(message.delta)

    def _notice_element(self, delta: Delta) -> None:
        kind = str(delta.new_element.WhichOneof("type"))
        element: Any = getattr(delta.new_element, kind, None)
        if kind == "exception":
            raise RerunFailed(f"The page drew an exception: {element.type}: {element.message}")
        identity = getattr(element, "id", "")
        if not identity:
            return
        if label := getattr(element, "label", ""):
            self.widgets[label] = identity
        self.keyed[identity.split("-", 2)[-1]] = identity
        if delta.fragment_id:
            self._fragments[identity] = delta.fragment_id
        if kind in _VALUES and (element.set_value or identity not in self._states):
            self._states[identity] = _VALUES[kind](element)


# What a browser repeats for a widget nobody has touched: the value the server gave it, else that it has none.
_VALUES: Mapping[str, Callable[[Any], WidgetState]] = MappingProxyType(
    {
        "text_input": lambda element: _one(element.id, element.value),
        "text_area": lambda element: _one(element.id, element.value),
        "selectbox": lambda element: _one(element.id, element.raw_value),
        "radio": lambda element: _one(element.id, element.raw_value),
        "checkbox": lambda element: WidgetState(id=element.id, bool_value=element.value),
        "multiselect": lambda element: _several(element.id, element.raw_values),
        "date_input": lambda element: _several(element.id, element.value),
        "button_group": lambda element: _several(element.id, element.raw_values),
    }
)


def _one(identity: str, value: str) -> WidgetState:
    return WidgetState(id=identity, string_value=value) if value else WidgetState(id=identity)


def _several(identity: str, values: Iterable[str]) -> WidgetState:
    state = WidgetState(id=identity)
    state.string_array_value.data.extend(values)
    return state


def _connection(url: str, cookie: str | None) -> AbstractContextManager[ClientConnection]:
    return connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": cookie} if cookie else None,
        origin=Origin(url),
        max_size=LARGEST_MESSAGE,
        compression=None,
    )
