"""Everything that can be taken out of a project, each file made only when it is asked for, by whoever asks then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import streamlit as st
from sqlmodel import Session

from lifecycle.guide import Guide
from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.card_files import CardFormat, card_file
from lifecycle.interchange.dossier_files import DOCX_TYPE, PDF_TYPE, dossier_file
from lifecycle.interchange.project_documents import document_text
from lifecycle.queries.cards import card
from lifecycle.queries.documents import document
from lifecycle.queries.dossiers import report
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.permissions import refusal
from lifecycle.ui import cache, identity
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a file is made from."""

    session: Session
    by: Actor
    at: datetime
    guide: Guide
    key: str


@dataclass(frozen=True, slots=True)
class _File:
    """One button."""

    name: str
    label: str
    icon: str
    about: str
    media: str
    make: Callable[[_Asked], bytes]


def show(project: ProjectHead) -> None:
    """The buttons, for whoever may take the project out."""
    by = identity.actor()
    if refusal("projects.export", by, project.roles):
        return
    st.header("Take it out", anchor=False)
    guide = cache.guide()
    with st.container(horizontal=True, gap="small"):
        for file in _FILES:
            st.download_button(
                file.label,
                partial(_made, file, by, guide, project.key),
                file_name=f"{project.key}{file.name}",
                mime=file.media,
                icon=f":material/{file.icon}:",
                key=f"history:export{file.name}",
                on_click="ignore",
                help=file.about,
            )


def _made(file: _File, by: Actor, guide: Guide, key: str) -> bytes:
    with cache.database().read() as session:
        return file.make(_Asked(session, by, identity.now(), guide, key))


def _bundle(asked: _Asked) -> bytes:
    return make_bundle(asked.session, by=asked.by, at=asked.at, guide=asked.guide, key=asked.key).data


def _document(asked: _Asked) -> bytes:
    return document_text(document(asked.session, by=asked.by, guide=asked.guide, key=asked.key)).encode()


def _dossier(name: str, asked: _Asked) -> bytes:
    found = report(asked.session, by=asked.by, at=asked.at, guide=asked.guide, key=asked.key)
    return dossier_file(found, name, asked.at)


def _card(wanted: CardFormat, asked: _Asked) -> bytes:
    found = card(asked.session, by=asked.by, at=asked.at, guide=asked.guide, key=asked.key)
    return card_file(found, wanted, asked.at)


_READ = "Every answer, check, decision, condition and waiver, to read and to print."
_FILES = (
    _File(
        ".zip",
        "Bundle with proof",
        "folder_zip",
        "Everything answered, signed and decided, with a dossier to print and a script that checks all of it on any"
        " machine that has Python.",
        "application/zip",
        _bundle,
    ),
    _File(
        ".json",
        "Whole project",
        "data_object",
        "One document with every field, to be brought in here or in another installation.",
        "application/json",
        _document,
    ),
    _File(
        "-dossier.docx", "Dossier (Word)", "description", _READ, DOCX_TYPE, partial(_dossier, "dossier.docx")
    ),
    _File(
        "-dossier.pdf", "Dossier (PDF)", "picture_as_pdf", _READ, PDF_TYPE, partial(_dossier, "dossier.pdf")
    ),
    _File(
        "-model-card.md",
        "Model card",
        "badge",
        "What the model is for and not for, its data, results and limits, as on the Hugging Face Hub.",
        "text/markdown",
        partial(_card, CardFormat.HUGGINGFACE),
    ),
    _File(
        "-bom.json",
        "Bill of materials",
        "inventory_2",
        "The model, its data and third-party parts with the model card, as CycloneDX 1.6.",
        "application/json",
        partial(_card, CardFormat.CYCLONEDX),
    ),
)
