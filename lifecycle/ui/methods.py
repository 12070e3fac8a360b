"""By which way an answer or a reading came in, in words."""

from __future__ import annotations

from lifecycle.language import mark, say

_WORDS = {
    "api": mark("api"),
    "command_line": mark("command line"),
    "demo": mark("demo"),
    "file": mark("file"),
    "import": mark("import"),
    "person": mark("person"),
    "spreadsheet": mark("spreadsheet"),
    "system": mark("system"),
    "token": mark("token"),
    "web": mark("web"),
}


def way_in(method: str) -> str:
    """As it stands in a sentence; a name of its own ("mlflow") stays as it is."""
    return say(_WORDS.get(method, method.replace("_", " ")))
