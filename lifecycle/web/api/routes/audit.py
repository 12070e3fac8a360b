"""The heads of the log, to keep elsewhere: then nobody can remove newer events unseen."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from lifecycle.queries import audit
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.shapes import Shape

router = APIRouter(tags=["Audit"])


class HeadShape(Shape):
    chain: str
    project: str | None
    sequence: int
    hash: str
    at: datetime


class HeadsShape(Shape):
    """What `python -m lifecycle audit verify --heads` takes."""

    heads: list[HeadShape]


@router.get("/audit/heads")
def read_heads(asking: Reading) -> HeadsShape:
    """The newest event of each chain. For administrators."""
    with asking.read() as session:
        return HeadsShape.model_validate(audit.heads_as_json(session, by=asking.by))
