"""Values kept in memory beside a database, so that what was read once need not be read again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from sqlmodel import Session

MOST = 256
_NAME = "kept in memory"  # in the session's own notes


class Kept:
    """The values used last, for all threads of a process; whoever asks must know whether one still holds."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> Any:
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
            return self._values.get(name)

    def put(self, name: Hashable, value: Any) -> None:
        with self._lock:
            self._values[name] = value
            self._values.move_to_end(name)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


def notes_for(kept: Kept) -> dict[Any, Any]:
    """What a new session is opened with, so that `kept_beside` finds it."""
    return {_NAME: kept}


def kept_beside(session: Session) -> Kept | None:
    """What is kept beside the session's database; None for a session that was opened by hand."""
    found: Kept | None = session.info.get(_NAME)
    return found
