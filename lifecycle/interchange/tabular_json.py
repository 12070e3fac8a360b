"""JSON and JSON Lines: the one list of objects in a document, flattened into rows."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.errors import Invalid
from lifecycle.interchange.tabular_text import Grid, GridRow, checked_size, clean, is_blank, one_line

_DEEPEST = 3
_SHAPE = "a register in JSON is a list of objects, or an object with exactly one such list"


def looks_like_json(text: str, name: str) -> bool:
    """True for a file named so, and for any other that starts with a bracket and parses."""
    if name.lower().endswith((".json", ".jsonl", ".ndjson")):
        return True
    if text.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def read_json_rows(text: str, name: str) -> Grid:
    """Rows numbered as the items are, from 1, under a header row numbered 0. Raises Invalid otherwise."""
    items, where = _records(_parsed(text, name), name)
    flat = []
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise Invalid(f"{name}, item {number}{where}: {_kind(item)} where an object is needed; {_SHAPE}.")
        record = _flattened(item)
        checked_size(number, len(record), name)
        flat.append(record)
    headers = tuple(dict.fromkeys(key for record in flat for key in record))
    checked_size(0, len(headers), name)
    rows = [GridRow(0, headers)]
    for number, record in enumerate(flat, 1):
        values = tuple(record.get(key, "") for key in headers)
        if not all(map(is_blank, values)):
            rows.append(GridRow(number, values))
    return Grid("JSON", f"JSON, {len(items):,} items{where}", tuple(rows))


def _parsed(text: str, name: str) -> Any:  # noqa: ANN401 - JSON is whatever it is
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Invalid(f"{name} is nested too deeply; {_SHAPE}.") from error
    except json.JSONDecodeError as error:
        lines = _json_lines(text)
        if lines is not None:
            return lines
        place = f"line {error.lineno}, character {error.colno}"
        raise Invalid(f"{name} is not valid JSON: {error.msg} at {place}.") from error
    except ValueError as error:
        raise Invalid(f"{name} is not valid JSON: {error}.") from error


def _json_lines(text: str) -> list[Any] | None:
    """One object per line, or None when that is not what the text is."""
    found = []
    for line in filter(str.strip, text.split("\n")):
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(item, dict):
            return None
        found.append(item)
    return found or None


def _records(document: Any, name: str) -> tuple[list[Any], str]:  # noqa: ANN401
    if isinstance(document, list):
        if not document:
            raise Invalid(f"{name} holds an empty list; {_SHAPE}.")
        return document, ""
    if not isinstance(document, dict):
        raise Invalid(f"{name} holds {_kind(document)}; {_SHAPE}.")
    lists = _lists_of_objects(document, "", 0)
    if len(lists) == 1:
        key, items = lists[0]
        return items, f" at “{key}”"
    if lists:
        keys = ", ".join(f"“{key}”" for key, _ in lists[:8])
        raise Invalid(f"{name} holds {len(lists)} lists of objects ({keys}); {_SHAPE}.")
    keys = ", ".join(f"“{one_line(clean(key))[:40]}”" for key in list(document)[:8]) or "none"
    raise Invalid(f"{name} holds one object without a list of objects (its keys: {keys}); {_SHAPE}.")


def _lists_of_objects(value: dict[str, Any], path: str, depth: int) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for key, inner in value.items():
        place = f"{path}.{key}" if path else key
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            found.append((place, inner))
        elif isinstance(inner, dict) and depth < _DEEPEST:
            found.extend(_lists_of_objects(inner, place, depth + 1))
    return found


def _flattened(item: dict[str, Any], path: str = "", depth: int = 0) -> dict[str, str]:
    """Inner objects become dotted columns, lists of plain values one cell."""
    record: dict[str, str] = {}
    for key, value in item.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and depth < _DEEPEST:
            record.update(_flattened(value, place, depth + 1))
        else:
            record[one_line(clean(place))] = clean(_cell(value))
    return record


def _cell(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(part, list | dict) for part in value):
        return "; ".join(_cell(part) for part in value)
    return json.dumps(value, ensure_ascii=False)


def _kind(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool) or value is None:
        return "a single value"
    return "a list" if isinstance(value, list) else "a number"
