"""Files out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from lifecycle.interchange.bundles import make_bundle
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.shapes import ProjectKey
from lifecycle.web.downloads import content_disposition

router = APIRouter(tags=["Exports"])
_ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/projects/{key}/exports/bundle",
    response_class=Response,
    responses={200: {"description": "The bundle; X-Log-Head is the hash of the newest event in it", **_ZIP}},
)
def export_bundle(asking: Reading, key: ProjectKey) -> Response:
    """Everything about a project in a zip that proves itself, on any machine that has Python."""
    with asking.read() as session:
        made = make_bundle(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    headers = {
        "Content-Disposition": content_disposition(f"{key}.zip", inline=False),
        "X-Log-Head": made.head,
        "Cache-Control": "no-store",
    }
    return Response(made.data, headers=headers, media_type="application/zip")
