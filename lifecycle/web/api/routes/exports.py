"""Files out: of one project, or of all that one may read."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.card_files import CardFormat, card_file
from lifecycle.interchange.dossier_files import dossier_file
from lifecycle.interchange.inventories import inventory_file
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.interchange.project_documents import document_text
from lifecycle.queries.cards import card
from lifecycle.queries.documents import document
from lifecycle.queries.dossiers import report
from lifecycle.queries.inventory import inventory
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.problems import Described, problem_response
from lifecycle.web.api.shapes import ProjectKey
from lifecycle.web.downloads import content_disposition

router = APIRouter(tags=["Exports"])
MEDIA = {
    "zip": "application/zip",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
}
EARLIEST = date(2000, 1, 1)


class DossierFormat(StrEnum):
    PDF = "pdf"
    DOCX = "docx"


class InventoryFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class PackFormat(StrEnum):
    PDF = "pdf"
    HTML = "html"


def _file(description: str, *endings: str) -> dict[str, Any]:
    """How a file is described, and that it is one whatever happens."""
    schema: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    content = {MEDIA[ending]: schema if ending != "json" else {"schema": {}} for ending in endings}
    found: Described = {200: {"description": description, "content": content}}
    return {"response_class": Response, "responses": found}


@router.get(
    "/projects/{key}/exports/bundle",
    **_file("The bundle; X-Log-Head is the hash of the newest event in it", "zip"),
)
def export_bundle(asking: Reading, key: ProjectKey) -> Response:
    """Everything about a project in a zip that proves itself, on any machine that has Python."""
    with asking.read() as session:
        made = make_bundle(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    return _sent(made.data, f"{key}.zip", {"X-Log-Head": made.head})


@router.get("/projects/{key}/exports/document", **_file("The document", "json"))
def export_document(asking: Reading, key: ProjectKey) -> Response:
    """A whole project as one JSON document, to be imported here or elsewhere without losing a field."""
    with asking.read() as session:
        found = document(session, by=asking.by, guide=asking.guide, key=key)
    return _sent(document_text(found).encode(), f"{key}.json")


@router.get("/projects/{key}/exports/dossier", **_file("The dossier", "pdf", "docx"))
def export_dossier(
    asking: Reading,
    key: ProjectKey,
    wanted: Annotated[DossierFormat, Query(alias="format")] = DossierFormat.PDF,
) -> Response:
    """Everything answered, checked, signed and decided about a project, to read and to print."""
    with asking.read() as session:
        found = report(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    name = f"{key}.{wanted.value}"
    return _sent(dossier_file(found, name, asking.at), name)


@router.get("/projects/{key}/exports/card", **_file("The card", "md", "json"))
def export_card(
    asking: Reading,
    key: ProjectKey,
    wanted: Annotated[CardFormat, Query(alias="format")] = CardFormat.HUGGINGFACE,
) -> Response:
    """The model card: Markdown as on the Hugging Face Hub, or a CycloneDX bill of materials."""
    with asking.read() as session:
        found = card(session, by=asking.by, at=asking.at, guide=asking.guide, key=key)
    ending = "md" if wanted is CardFormat.HUGGINGFACE else "json"
    return _sent(card_file(found, wanted, asking.at), f"{key}-card.{ending}")


@router.get("/exports/inventory", **_file("The inventory", "csv", "xlsx"))
def export_inventory(
    asking: Reading, wanted: Annotated[InventoryFormat, Query(alias="format")] = InventoryFormat.CSV
) -> Response:
    """The model inventory: every project that you may read, with what model-risk guidelines ask of such a list."""
    asking.bring_standing_up_to_date()
    with asking.read() as session:
        rows = inventory(session, by=asking.by, at=asking.at, guide=asking.guide)
    name = f"inventory.{wanted.value}"
    return _sent(inventory_file(rows, name), name)


_PACK = _file("The pack", "pdf", "html")
_PACK["responses"][409] = problem_response("Nobody knows how it was on that day")


@router.get("/exports/pack", **_PACK)
def export_pack(
    asking: Reading,
    wanted: Annotated[PackFormat, Query(alias="format")] = PackFormat.PDF,
    as_of: Annotated[date | None, Query(ge=EARLIEST, description="As it was at the end of this day.")] = None,
) -> Response:
    """The portfolio for leadership in one file to read."""
    if as_of is None:
        asking.bring_standing_up_to_date()
    with asking.read() as session:
        data = make_pack(
            session, by=asking.by, at=asking.at, guide=asking.guide, ending=wanted.value, as_of=as_of
        )
    return _sent(data, f"portfolio.{wanted.value}")


def _sent(data: bytes, name: str, headers: dict[str, str] | None = None) -> Response:
    return Response(
        data,
        headers={"Content-Disposition": content_disposition(name, inline=False), **(headers or {})},
        media_type=MEDIA[name.rpartition(".")[2]],
    )
