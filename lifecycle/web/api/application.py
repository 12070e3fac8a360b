"""The interface as one FastAPI application, mounted under /api/v1, and the document that describes it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lifecycle.language import say
from lifecycle.web.api.asking import House
from lifecycle.web.api.problems import handle, of_starlette, problem_response
from lifecycle.web.api.routes import (
    audit,
    checks,
    documents,
    events,
    exports,
    gates,
    incidents,
    monitors,
    operation,
    portfolio,
    projects,
    releases,
    reviews,
    sources,
    token,
    worksheets,
)
from lifecycle.web.api.shapes import Problem

PREFIX = "/api/v1"
# One line per noun, in the order of the documentation.
NOUNS = (
    token,
    projects,
    documents,
    worksheets,
    sources,
    checks,
    gates,
    reviews,
    releases,
    monitors,
    incidents,
    operation,
    portfolio,
    events,
    exports,
    audit,
)
_ABOUT = """\
Everything an engineer needs of Lifecycle, for programs with an access token: make one on the page Access tokens.
A token acts with its person's rights, within its scopes; it can never sign or decide. Times are UTC, dates ISO 8601.
"""
_PROBLEMS: dict[int, str] = {
    400: "The body is not JSON",
    401: "No token, or one that opens nothing",
    403: "A right or a scope is missing",
    404: "It does not exist, or this person may not see it",
    405: "Another method is needed",
    413: "The body is too large",
    422: "Something cannot be taken; each place is named",
    429: "Too many requests; Retry-After says when to go on",
    500: "Something broke on our side",
    503: "Not just now; Retry-After says when to go on",
}


def make_application(house: House) -> FastAPI:
    """All routes. The door before it has let the token in: nothing here answers without `scope["bearer"]`."""
    application = FastAPI(
        title="Lifecycle",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        responses={status: problem_response(text) for status, text in _PROBLEMS.items()},
        generate_unique_id_function=lambda route: route.name,
    )
    application.state.house = house
    application.state.routes = [route for noun in NOUNS for route in noun.router.routes]
    handle(application)
    for noun in NOUNS:
        application.include_router(noun.router)
    application.add_middleware(_Limit, megabytes=house.settings.largest_api_megabytes)
    return application


def description_of(application: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. Every refusal is a problem, also those that FastAPI describes in its own way."""
    found = application.openapi()
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for left_over in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left_over, None)
    return found


class _Limit:
    """ASGI middleware: a body that is too large is refused before it is read whole."""

    def __init__(self, app: ASGIApp, *, megabytes: int) -> None:
        self._app, self._megabytes = app, megabytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, got = self._megabytes * 1_000_000, 0
        too_large = HTTPException(
            413,
            say("A body has at most {megabytes} MB. Send it in parts.", megabytes=self._megabytes),
            {"Connection": "close"},
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > most:
            await of_starlette(Request(scope), too_large)(scope, receive, send)
            return

        async def receive_counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise too_large  # what is still on its way is not read
            return message

        await self._app(scope, receive_counted, send)
