"""Shapes and parameters that several nouns share, and pages of a list with a cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.vocabulary import Role, Severity

T = TypeVar("T")
LARGEST_NUMBER = 2**53 - 1  # what every JSON reader takes, and every database


class Given(BaseModel):
    """The base of what programs send: an unknown member is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid")


class Shape(BaseModel):
    """The base of what they get."""


class PageOf(Shape, Generic[T]):
    """Some items, and where the next ones are; the header Link says the same."""

    items: list[T]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class BlockerShape(Shape):
    """One reason why something cannot go on."""

    code: str
    severity: Severity
    area: str | None
    text: str
    fields: list[str]
    role: Role | None
    url: str | None = Field(default=None, description="The page where it is mended.")


class Problem(Shape):
    """A refusal (RFC 9457). Kinds with more members say so under their name."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""


P = TypeVar("P", bound=PageOf[Any])

ProjectKey = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,60}$", description="The project's key, as in its address.")
]
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def cursor_of(place: str | int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def text_cursor(cursor: str | None) -> str:
    """Where a list goes on, "" at its beginning; raises Invalid for a cursor that was never given out."""
    if not cursor:
        return ""
    try:
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        found = "\0"
    if not found.isprintable():
        raise Invalid({"cursor": say("This is no cursor of ours. Begin without one.")})
    return found


def number_cursor(cursor: str | None) -> int | None:
    text = text_cursor(cursor)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= LARGEST_NUMBER):
        raise Invalid({"cursor": say("This is no cursor of ours. Begin without one.")})
    return int(text)


def page(
    shape: type[P], request: Request, response: Response, items: Sequence[object], after: str | int | None
) -> P:
    """A page of items, with a Link to the next one unless `after` is None."""
    following = None if after is None else cursor_of(after)
    if following:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        query = urlencode([*kept, ("cursor", following)])
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return shape(items=list(items), next=following)
