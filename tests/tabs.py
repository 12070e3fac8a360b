"""An open tab for tests of many writers and of servers that go away."""

from __future__ import annotations

from streamlit.proto.Delta_pb2 import Delta

from bench.drive import Session


class Tab(Session):
    """Also keeps the text that the last run drew, alerts included."""

    drawn: list[str]

    def _notice_element(self, delta: Delta) -> None:
        super()._notice_element(delta)
        element = delta.new_element
        self.drawn.append(element.markdown.body or element.alert.body)

    def rerun(self, *states: object) -> float:
        self.drawn = []
        return super().rerun(*states)  # type: ignore[arg-type]
