"""JSON and JSON Lines: the lists of records in a document, in the many shapes there are, flattened into rows."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from lifecycle.errors import Invalid
from lifecycle.interchange.tabular_text import Grid, GridRow, checked_size, clean, is_blank, one_line
from lifecycle.interchange.told import Told
from lifecycle.language import mark, say

_DEEPEST = 3
_FEWEST = 2
_FEWEST_WRAPPED = 3
_MOST_LISTS = 20
_WRAPPERS = ("properties", "attributes", "fields", "_source", "node", "record", "item")
_SHAPE = mark("a register in JSON is a list of objects, or an object with such a list")


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


def read_json_grids(text: str, name: str) -> tuple[Grid, ...]:
    """One grid for each list of records in the document, the longest first. Raises Invalid when there is none.

    Rows are numbered as the items are, from 1, under a header row numbered 0.
    """
    found = _record_lists(_parsed(text, name), name)
    if len(found) == 1:
        ((where, items),) = found
        return (_grid(items, where, name),)
    grids = []
    for where, items in found:
        with suppress(Invalid):  # one list that holds something else does not spoil the others
            grids.append(_grid(items, where, name))
    if not grids:
        raise Invalid(
            say(
                "{name} holds {number} lists and none of objects only; {shape}.",
                name=name,
                number=len(found),
                shape=_SHAPE,
            )
        )
    return tuple(sorted(grids, key=lambda grid: -len(grid.rows)))


def _grid(items: list[Any], where: str, name: str) -> Grid:
    place = Told(mark(" at “{where}”"), where=where) if where else ""
    items = _points(items) or items
    flat = []
    wrapper = _wrapper(items)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise Invalid(
                say(
                    "{name}, item {number}{place}: {kind} where an object is needed; {shape}.",
                    name=name,
                    number=number,
                    place=place,
                    kind=_kind(item),
                    shape=_SHAPE,
                )
            )
        record = _flattened(_unwrapped(item, wrapper))
        checked_size(number, len(record), name)
        flat.append(record)
    headers = tuple(dict.fromkeys(key for record in flat for key in record))
    checked_size(0, len(headers), name)
    rows = [GridRow(0, headers)]
    for number, record in enumerate(flat, 1):
        values = tuple(record.get(key, "") for key in headers)
        if not all(map(is_blank, values)):
            rows.append(GridRow(number, values))
    source = Told(mark("JSON, {number:,} items{place}"), number=len(items), place=place)
    return Grid("JSON", source, tuple(rows))


def _points(items: list[Any]) -> list[dict[str, Any]] | None:
    """A record for each point of series that come as {"metric": …, "values": [[time, value], …]}, else None."""
    found = []
    for item in items:
        pairs = item.get("values") if isinstance(item, dict) else None
        if not isinstance(pairs, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in pairs
        ):
            return None
        about = {key: value for key, value in item.items() if key != "values"}
        found += [{**about, "timestamp": time, "value": value} for time, value in pairs]
    return found or None


def _wrapper(items: list[Any]) -> str | None:
    """The key under which every record keeps what it says, as GeoJSON does under “properties”.

    Any other key is one too when what it holds is more than all that stands beside it, and that is only marks such
    as ids, times and addresses: an owner with a telephone is no wrapper.
    """
    records = [item for item in items if isinstance(item, dict)]
    for key in (*_WRAPPERS, *map(str, records[0] if records else ())):
        held = [item for item in records if isinstance(item.get(key), dict) and item[key]]
        if not records or len(held) <= 0.9 * len(records):
            continue
        most = max(len(item[key]) for item in held)
        if (
            most > 1
            if key in _WRAPPERS
            else most >= _FEWEST_WRAPPED and all(_only_wraps(item, key) for item in held)
        ):
            return key
    return None


def _only_wraps(item: dict[str, Any], key: str) -> bool:
    beside = [value for name, value in item.items() if name != key]
    return len(beside) < len(item[key]) and all(map(_is_a_mark, beside))


def _is_a_mark(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, str):
        return (
            not value
            or "://" in value
            or value[0].isdecimal()
            or (" " not in value and any(map(str.isdigit, value)))
        )
    return not isinstance(value, dict | list)


def _unwrapped(item: dict[str, Any], wrapper: str | None) -> dict[str, Any]:
    """The record with what its wrapper holds one level up, first; what stands beside it keeps its names."""
    inner = item.get(wrapper) if wrapper else None
    if not isinstance(inner, dict):
        return item
    beside = {key: value for key, value in item.items() if key != wrapper}
    return {
        **inner,
        **{(key if key not in inner else f"{key} (outer)"): value for key, value in beside.items()},
    }


def _parsed(text: str, name: str) -> Any:  # noqa: ANN401 - JSON is whatever it is
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Invalid(say("{name} is nested too deeply; {shape}.", name=name, shape=_SHAPE)) from error
    except json.JSONDecodeError as error:
        lines = _json_lines(text)
        if lines is not None:
            return lines
        if (broken := _broken_line(text)) is not None:
            raise Invalid(
                say("{name} is not valid JSON Lines: line {line} is no object.", name=name, line=broken)
            ) from error
        place = say("line {line}, character {character}", line=error.lineno, character=error.colno)
        raise Invalid(
            say("{name} is not valid JSON: {reason} at {place}.", name=name, reason=error.msg, place=place)
        ) from error
    except ValueError as error:
        raise Invalid(say("{name} is not valid JSON: {reason}.", name=name, reason=error)) from error


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


def _broken_line(text: str) -> int | None:
    """The first line that is no object, in a text that begins with one on a line of its own."""
    for number, line in enumerate(text.split("\n"), 1):
        try:
            whole = not line.strip() or isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            return number if number > 1 else None
    return None


def _record_lists(document: Any, name: str) -> list[tuple[str, list[Any]]]:  # noqa: ANN401
    """Where in the document the records are, and they themselves."""
    if isinstance(document, list):
        if not document:
            raise Invalid(say("{name} holds an empty list; {shape}.", name=name, shape=_SHAPE))
        return [("", _with_headers(document) or document)]
    if not isinstance(document, dict):
        raise Invalid(say("{name} holds {kind}; {shape}.", name=name, kind=_kind(document), shape=_SHAPE))
    for key, what in _OTHER_DOCUMENTS.items():
        if key in document:
            raise Invalid(
                say(
                    "{name} is {what} (it has the key “{key}”), not a register; {shape}.",
                    name=name,
                    what=what,
                    key=key,
                    shape=_SHAPE,
                )
            )
    lists = _lists_of_records(document, "", 0)
    if not lists:
        lists = [("", records)] if (records := _keyed(document) or _by_column(document)) else []
    if lists:
        return lists[:_MOST_LISTS]
    keys = ", ".join(say("“{text}”", text=one_line(clean(key))[:40]) for key in list(document)[:8]) or say(
        "none"
    )
    raise Invalid(
        say(
            "{name} holds one object without a list of objects (its keys: {keys}); {shape}.",
            name=name,
            keys=keys,
            shape=_SHAPE,
        )
    )


def _lists_of_records(value: dict[str, Any], path: str, depth: int) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    for key, inner in value.items():
        place = f"{path}.{key}" if path else key
        if isinstance(inner, list) and inner:
            if isinstance(inner[0], dict):
                found.append((place, inner))
            elif isinstance(inner[0], list) and (records := _with_headers(inner, _named_columns(value))):
                found.append((place, records))
        elif isinstance(inner, dict) and depth < _DEEPEST:
            records = _keyed(inner)
            found.extend([(place, records)] if records else _lists_of_records(inner, place, depth + 1))
    return found


def _with_headers(rows: list[Any], columns: list[str] | None = None) -> list[dict[str, Any]] | None:
    """Lists of cells as records, when every row is one: under the columns given, else under the first row's texts."""
    if not rows or not all(isinstance(row, list) for row in rows):
        return None
    if columns is None:
        columns, rows = rows[0], rows[1:]
        if len(columns) < _FEWEST or not all(isinstance(cell, str) and cell.strip() for cell in columns):
            return None
    return [dict(zip(columns, row, strict=False)) for row in rows]


def _named_columns(document: dict[str, Any]) -> list[str] | None:
    """The column names that stand beside rows without any, as texts or as objects that have a name."""
    for holder in (document, *(value for value in document.values() if isinstance(value, dict))):
        for key in ("columns", "fields", "header", "headers"):
            named = [
                _column_name(column) for column in holder.get(key) or [] if isinstance(holder[key], list)
            ]
            if named and all(named):
                return [str(name) for name in named]
        inner = holder.get("view")
        if isinstance(inner, dict) and (found := _named_columns(inner)):
            return found
    return None


def _column_name(column: Any) -> str | None:  # noqa: ANN401
    if isinstance(column, str):
        return column
    if isinstance(column, dict):
        return next(
            (column[key] for key in ("name", "title", "label", "id") if isinstance(column.get(key), str)),
            None,
        )
    return None


def _keyed(document: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Objects under keys of their own, as records that begin with the key: {"A-1": {…}, "A-2": {…}}."""
    values = list(document.values())
    if len(values) < _FEWEST or not all(isinstance(value, dict) and value for value in values):
        return None
    keys = [set(value) for value in values]
    shared = set.intersection(*keys)
    if len(shared) < _FEWEST or len(shared) < 0.5 * max(map(len, keys)):
        return None
    if all(key.isdecimal() for key in shared) and not any(key.isdecimal() for key in document):
        return _by_column({name: list(column.values()) for name, column in document.items()})
    if any(isinstance(value.get(key), dict) for value in values for key in shared if key in ("type", "$ref")):
        return None
    return [{"key": key, **value} for key, value in document.items()]


def _by_column(document: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Columns of equal length, as records: {"name": [...], "status": [...]}."""
    columns = list(document.values())
    if len(columns) < _FEWEST or not all(isinstance(column, list) for column in columns):
        return None
    if len({len(column) for column in columns}) != 1 or not columns[0]:
        return None
    return [dict(zip(document, cells, strict=True)) for cells in zip(*columns, strict=True)]


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
    if isinstance(value, list) and (named := [_name_in(part) for part in value]) and all(named):
        return "; ".join(map(str, named))
    return json.dumps(value, ensure_ascii=False)


def _name_in(value: Any) -> str | None:  # noqa: ANN401
    """What an object in a cell is called, when it has a name and hardly anything else."""
    if not isinstance(value, dict) or len(value) > 4:
        return None
    return next(
        (value[key] for key in _NAMING if isinstance(value.get(key), str) and value[key].strip()), None
    )


_OTHER_DOCUMENTS = {
    "bomFormat": mark("a CycloneDX bill of materials"),
    "definitions": mark("a JSON schema"),
    "$defs": mark("a JSON schema"),
    "model_details": mark("a model card"),
    "surveyId": mark("a questionnaire"),
}
_NAMING = ("name", "title", "label", "value", "text")


def _kind(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str):
        return say("a text")
    if isinstance(value, bool) or value is None:
        return say("a single value")
    return say("a list") if isinstance(value, list) else say("a number")
