"""What the server logs: plain lines or JSON lines, each with the request and the person it is about."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class About:
    """Shared by everything that works on one request, in whichever thread: the first to know the person says so."""

    request_id: str = ""
    person_key: str = ""


_ABOUT: ContextVar[About] = ContextVar("about")


def begin(request_id: str) -> About:
    """From here on, in this context and the threads it hands work to, lines are about this request."""
    about = About(request_id)
    _ABOUT.set(about)
    return about


def note_person(person_key: str) -> None:
    """Whoever is found to act. Without a request, as in a screen's script, it begins one without an id."""
    about = _ABOUT.get(None)
    if about is None:
        about = begin("")
    about.person_key = person_key


def set_up_logs(*, as_json: bool) -> None:
    """Once at the start. Plain lines stay as the libraries make them; JSON takes every logger over."""
    if not as_json:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(_with_about)
    logging.root.handlers[:] = [handler]
    if logging.root.level > logging.INFO or logging.root.level == logging.NOTSET:
        logging.root.setLevel(logging.INFO)
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("uvicorn", "streamlit"):
            taken = logging.getLogger(name)
            taken.handlers.clear()
            taken.propagate = True


class JsonLines(logging.Formatter):
    """One object for each line; an exception is one text in it."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": getattr(record, "request_id", "") or None,
            "person": getattr(record, "person_key", "") or None,
        }
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def _with_about(record: logging.LogRecord) -> bool:
    about = _ABOUT.get(None)
    if about is not None and not hasattr(record, "request_id"):
        record.request_id, record.person_key = about.request_id, about.person_key
    return True
