"""A made-up language that brackets everything said, so that a text nobody translated shows without brackets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from lifecycle import language

CODE = "fr"  # in its place: the product knows no other
_NOT_WORDS = frozenset(
    {"id", "key", "url", "icon", "href", "iconImage", "appId", "formId", "elementId", "color", "type", "name"}
    | {
        "queryString",
        "pageScriptHash",
        "contextPage",
        "spec",
        "element",
        "userKey",
        "testId",
        "figure",
        "config",
    }
    | {"data", "mediaUrl", "file", "mimetype", "format", "pageHash", "active", "queryParamKey", "fragmentId"}
)
_READ_IN_CHARTS = frozenset(
    {"text", "name", "hovertext", "hovertemplate", "ticktext", "customdata", "x", "y"}
)
_MARKUP = re.compile(r":[a-z-]+\[|:material/\w+:|\]\([^)]*\)|`[^`]*`|<[^>]+>|https?://\S+|&\w+;")
# Styles, digests, moments, amounts, addresses, scopes, keys: the same in every language.
_NOT_SAID = re.compile(
    r"<style>.*?</style>|\b[0-9a-f]{6,64}\b|\d{4}\\?-\d\d\\?-\d\d[ \d\\:]* UTC|\S+@\S+\.\w+|\b[a-z-]+:[a-z:]+\b"
    r"|[\d.,\u202f]+ [A-Z]{3}\b|%\{\w+\}|\bstreamlit\b",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{3,}")


class Bracketed(language.Catalogue):
    """Every text in brackets, whatever it is."""

    def text(self, english: str) -> str:
        return english if english.startswith("⟦") else f"⟦{english}⟧"

    def counted(self, one: str, many: str, number: int) -> str:
        return self.text(one if number == 1 else many)


@contextmanager
def spoken(set_attribute: Callable[[Any, str, Any], None]) -> Iterator[None]:
    """Everything in this language; `set_attribute` is that of a monkeypatch."""
    catalogue = Bracketed(CODE)
    set_attribute(language, "catalogue", lambda code: catalogue if code == CODE else language._IN_ENGLISH)
    with language.speaking(CODE):
        yield


def texts_of(app: AppTest) -> Iterator[str]:
    """All that a person may read in what the page drew."""
    for node in _nodes(app._tree):
        proto = getattr(node, "proto", None)
        if proto is not None:
            yield from _texts(MessageToDict(proto, use_integers_for_enums=True))
        if type(node).__name__ == "Dataframe":
            yield from map(str, node.value.columns)
            for column in node.value:
                yield from (value for value in node.value[column] if isinstance(value, str))
        if hasattr(proto, "spec"):
            yield from _of_chart(json.loads(proto.spec or "{}"))


def _nodes(block: Any) -> Iterator[Any]:
    yield block
    for child in getattr(block, "children", {}).values():
        yield from _nodes(child)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "columns" and isinstance(value, str):  # of a table: their headings, as JSON
                yield from _headings(json.loads(value or "{}"))
            elif name not in _NOT_WORDS:
                yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def _of_chart(part: Any, *, is_read: bool = False) -> Iterator[str]:
    if isinstance(part, str):
        if is_read:
            yield part
    elif isinstance(part, dict):
        for name, value in part.items():
            if name != "template":
                yield from _of_chart(value, is_read=name in _READ_IN_CHARTS)
    elif isinstance(part, list):
        for value in part:
            yield from _of_chart(value, is_read=is_read)


def _headings(columns: dict[str, Any]) -> Iterator[str]:
    for column in columns.values():
        yield from (column[name] for name in ("label", "help") if isinstance(column.get(name), str))


def outside(text: str) -> list[str]:
    """The pieces of `text` that stand in no brackets and hold words."""
    kept: list[str] = []
    depth = 0
    for letter in _NOT_SAID.sub("\n", text):
        depth = max(0, depth + (letter == "⟦") - (letter == "⟧"))
        kept.append(letter if depth == 0 and letter != "⟧" else "\n")
    pieces = re.split(r"\n+| · |\*\*|\||: ", _MARKUP.sub("\n", "".join(kept)))
    return [piece.strip(" .,;()–—-#*\\/[]→>") for piece in pieces if _WORD.search(piece)]
