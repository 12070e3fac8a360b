"""What programs can ask for, to read: a plain page and the OpenAPI document it is drawn from. Nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lifecycle.language import ENGLISH, speaking
from lifecycle.rules.tokens import SCOPE_WORDS
from lifecycle.web.api.problems import KINDS
from lifecycle.web.pages import page

PAGE, DOCUMENT = "/api/docs", "/api/openapi.json"
DOCUMENTATION = frozenset({PAGE, DOCUMENT})
_VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str  # path, query or header
    type: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    about: str
    scope: str
    parameters: tuple[Parameter, ...]
    takes: tuple[Parameter, ...]
    gives: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]


class Documentation:
    """The two routes. `describe` makes the OpenAPI document; it is made once, when first asked for."""

    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        self._describe = describe

    def routes(self) -> list[BaseRoute]:
        return [Route(PAGE, self._page), Route(DOCUMENT, self._document)]

    @cached_property
    def _description(self) -> dict[str, Any]:
        with speaking(ENGLISH):
            return self._describe()

    async def _document(self, _request: Request) -> Response:
        text = json.dumps(self._description, ensure_ascii=False)
        return Response(text, headers={"Cache-Control": "no-cache"}, media_type="application/json")

    async def _page(self, _request: Request) -> Response:
        # English as the document itself, which is made once for everybody.
        with speaking(ENGLISH):
            return page(
                "api",
                "What programs can ask for",
                nouns=_nouns(self._description),
                kinds=KINDS,
                scopes=SCOPE_WORDS,
                document=DOCUMENT,
                shapes=_inner(self._description),
                marked=_marked,
            )


def _nouns(description: Mapping[str, Any]) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for path, verbs in description["paths"].items():
        for verb in _VERBS:
            if verb in verbs:
                noun = verbs[verb]["tags"][0]
                found.setdefault(noun, []).append(_operation(description, verb, path, verbs[verb]))
    return found


def _operation(description: Mapping[str, Any], verb: str, path: str, told: Mapping[str, Any]) -> Operation:
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = next((code for code in told["responses"] if code.startswith("2")), "")
    given = told["responses"].get(answer, {}).get("content", {}).get("application/json", {}).get("schema")
    scopes = [scope for scheme in told.get("security", ()) for names in scheme.values() for scope in names]
    return Operation(
        id=told["operationId"],
        method=verb.upper(),
        path=f"/api/v1{path}",
        about=told.get("description") or told["summary"],
        scope=scopes[0] if scopes else "",
        parameters=tuple(_parameter(_shapes(description), each) for each in told.get("parameters", ())),
        takes=tuple(_members(description, body)),
        gives=tuple(_members(description, given)),
        answers=tuple((code, text["description"]) for code, text in sorted(told["responses"].items())),
    )


def _parameter(shapes: Mapping[str, Any], told: Mapping[str, Any]) -> Parameter:
    about = told.get("description") or told["schema"].get("description", "")
    return Parameter(
        told["name"], told["in"], _type(shapes, told["schema"]), told.get("required", False), about
    )


def _members(description: Mapping[str, Any], schema: Mapping[str, Any] | None) -> Iterator[Parameter]:
    if schema and "$ref" in schema:
        yield from _of_shape(_shapes(description), schema["$ref"].rsplit("/", 1)[1])


def _of_shape(shapes: Mapping[str, Any], name: str) -> Iterator[Parameter]:
    required = shapes[name].get("required", ())
    for member, told in shapes[name].get("properties", {}).items():
        yield Parameter(member, "body", _type(shapes, told), member in required, told.get("description", ""))


def _inner(description: Mapping[str, Any]) -> dict[str, tuple[Parameter, ...]]:
    """The shapes that others are made of; enumerations are spelled out where they stand."""
    shapes = _shapes(description)
    return {name: tuple(_of_shape(shapes, name)) for name, told in shapes.items() if "properties" in told}


def _shapes(description: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = description["components"]["schemas"]
    return found


def _type(shapes: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[1]
        values = shapes[name].get("enum")
        return f"one of {', '.join(map(str, values))}" if values else name if shapes[name] else "any JSON"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(shapes, each) for each in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(shapes, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any JSON")


def _marked(text: str) -> Markup:
    """What stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
