"""Refusals as problem details (RFC 9457): a type that the documentation explains, and what to do as a sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from lifecycle.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LifecycleError,
    NotFound,
    Outdated,
    Refused,
    Unavailable,
)
from lifecycle.language import mark, say
from lifecycle.vocabulary import Blocker

LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPES = "/api/docs#"

Described = dict[int | str, dict[str, Any]]  # status to how it is described

# kind: what it is called, and what a program does about it
KINDS: Mapping[str, tuple[str, str]] = {
    "no-token": (mark("A token is missing"), "Send one in the header Authorization: Bearer …"),
    "bad-token": (mark("The token opens nothing"), "It is unknown, expired or revoked. Make another one."),
    "forbidden": (mark("Not allowed"), "The person or the token lacks a right; the sentence says which."),
    "not-found": (mark("There is no such thing"), "It does not exist, or this person may not see it."),
    "not-there": (
        mark("There is no such operation"),
        "Method or address are wrong; see the list of operations.",
    ),
    "conflict": (
        mark("Somebody saved first"),
        "Nothing was changed. `found` is the revision there is now, `theirs` its content and `yours` what you sent: "
        "decide which to keep, and send it with `base` = `found`.",
    ),
    "refused": (mark("A rule says no"), "Nothing was changed. `blockers` names each reason."),
    "gate-closed": (mark("The gate is not open"), "`blockers` names each reason, as on the gate's page."),
    "invalid": (
        mark("This cannot be taken"),
        "Nothing was changed. `errors` names each place and what is wrong there.",
    ),
    "base-missing": (
        mark("Say what you have seen"),
        mark("Send `base`, the revision that your change starts from (0: none), or If-Match."),
    ),
    "too-large": (mark("Too large"), "Send less at once."),
    "too-often": (mark("Too many requests"), "Wait for the seconds in Retry-After."),
    "unavailable": (
        mark("Not just now"),
        "Try again after the seconds in Retry-After; nothing was half written.",
    ),
    "broken": (
        mark("Something broke on our side"),
        "Nothing was half written. Give the request's id to an administrator.",
    ),
}


class BaseMissing(Exception):
    """A change that does not say what it starts from: it might overwrite what somebody else saved."""


def problem(
    kind: str,
    status: int,
    detail: str,
    *,
    request_id: str = "",
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """A refusal for a program. `members` stand beside the standard ones."""
    content = {
        "type": f"{TYPES}{kind}",
        "title": say(KINDS[kind][0]),
        "status": status,
        "detail": detail,
        **members,
    }
    if request_id:
        content["request_id"] = request_id
    text = json.dumps(content, ensure_ascii=False, default=str, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "replace"),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def problem_response(description: str) -> dict[str, Any]:
    """How a refusal is described in the OpenAPI document."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": description, "content": {MEDIA_TYPE: schema}}


def handle(application: FastAPI) -> None:
    """Have every refusal of the application end as a problem."""
    application.add_exception_handler(LifecycleError, _refused)
    application.add_exception_handler(BaseMissing, _without_base)
    application.add_exception_handler(RequestValidationError, _unreadable)
    application.add_exception_handler(HTTPException, of_starlette)
    application.add_exception_handler(Exception, _broken)


def blocker_json(blocker: Blocker) -> dict[str, Any]:
    return {
        "code": blocker.code,
        "severity": blocker.severity.value,
        "area": blocker.area.value if blocker.area else None,
        "text": blocker.text,
        "fields": list(blocker.fields),
        "role": blocker.role.value if blocker.role else None,
    }


def request_id_of(request: Request) -> str:
    return str(request.scope.get("request_id", ""))


def _refused(request: Request, error: Exception) -> Response:
    about: dict[str, Any] = {"request_id": request_id_of(request)}
    match error:
        case NotFound():
            return problem("not-found", 404, str(error), **about)
        case Forbidden():
            return problem("forbidden", 403, str(error), **about)
        case Conflict():
            matched = "if-match" in request.headers or "if-none-match" in request.headers
            versions = {"theirs": _plain(error.theirs), "yours": _plain(error.mine)}
            detail = say(
                "{what} is at revision {found}, your change starts from {base}. Nothing was changed: "
                "decide which of the two to keep.",
                what=error.what,
                found=error.found,
                base=error.base,
            )
            about |= {"what": error.what, "base": error.base, "found": error.found, **versions}
            return problem("conflict", 412 if matched else 409, detail, **about)
        case Invalid():
            errors = [{"where": place, "text": text} for place, text in error.problems.items()]
            return problem("invalid", 422, str(error), errors=errors, **about)
        case Refused():
            blockers = [blocker_json(blocker) for blocker in error.blockers]
            return problem("refused", 409, str(error), blockers=blockers, **about)
        case Unavailable() | Outdated():
            return problem("unavailable", 503, str(error), headers={"Retry-After": "2"}, **about)
        case _:
            return _broken(request, error)


def _plain(version: object) -> Any:
    """A version of something as plain JSON: the stored value of an answer as what it is, not as text."""
    if version is None or isinstance(version, str | int | bool | dict):
        return version
    if not is_dataclass(version) or isinstance(version, type):
        return str(version)
    found = asdict(version)
    if isinstance(found.get("value"), str):
        found["value"] = json.loads(found["value"])
    return found


def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"where": ".".join(str(part) for part in each["loc"]), "text": str(each["msg"])}
        for each in error.errors()
    ]
    detail = say(
        "The request is not as this operation expects it: {problems}",
        problems="; ".join(f"{each['where']}: {each['text']}" for each in errors[:5]),
    )
    return problem("invalid", 422, detail, errors=errors, request_id=request_id_of(request))


def _without_base(request: Request, _error: Exception) -> Response:
    return problem("base-missing", 428, say(KINDS["base-missing"][1]), request_id=request_id_of(request))


def of_starlette(request: Request, error: Exception) -> Response:
    """What Starlette, FastAPI or the limit on bodies refuses."""
    assert isinstance(error, HTTPException)
    headers: dict[str, str] = dict(error.headers or {})
    about: dict[str, Any] = {"request_id": request_id_of(request)}
    path = request.url.path
    if error.status_code == 404:
        return problem(
            "not-there",
            404,
            say("There is no operation {method} {path}.", method=request.method, path=path),
            **about,
        )
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
        detail = say(
            "{path} does not take {method}; it takes {methods}.",
            path=path,
            method=request.method,
            methods=headers["Allow"],
        )
        return problem("not-there", 405, detail, headers=headers, **about)
    if error.status_code == 413:
        return problem("too-large", 413, str(error.detail), headers=headers, **about)
    if error.status_code == 400:
        return problem("invalid", 400, say("The body is not JSON that can be read."), **about)
    return problem("invalid", error.status_code, str(error.detail), headers=headers, **about)


def _methods(request: Request) -> list[str]:
    """Those of every route at this address: each route knows only its own."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    routes: Iterable[Route] = request.app.state.routes
    return sorted(
        {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
    )


def _broken(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request)
    LOG.error("Request %s failed: %s %s", request_id, request.method, request.url.path, exc_info=error)
    detail = say(
        "Something broke on our side. Tell an administrator that request {request_id} failed.",
        request_id=request_id,
    )
    return problem("broken", 500, detail, request_id=request_id)
