"""By which way an answer or a reading came in, in words."""

from __future__ import annotations

from lifecycle.language import mark, say

_WORDS = (
    *(mark("api"), mark("command line"), mark("demo"), mark("file"), mark("import"), mark("person")),
    *(mark("spreadsheet"), mark("system"), mark("token"), mark("web")),
)


def way_in(method: str) -> str:
    """As it stands in a sentence; a name of its own ("mlflow") stays as it is."""
    return say(method.replace("_", " "))
