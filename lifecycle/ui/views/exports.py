"""Everything that can be taken out of a project, each file made only when it is asked for, by whoever asks then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from lifecycle.guide import Guide
from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.card_files import CardFormat, card_file
from lifecycle.interchange.dossier_files import DOCX_TYPE, PDF_TYPE, dossier_file
from lifecycle.interchange.project_documents import document_text
from lifecycle.language import mark, say
from lifecycle.queries.cards import card
from lifecycle.queries.documents import document
from lifecycle.queries.dossiers import report
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.permissions import refusal
from lifecycle.ui import cache, identity
from lifecycle.vocabulary import Actor

_Asked = dict[str, Any]  # what a file is made from: by, at, guide, key


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
    st.header(say("Take it out"), anchor=False)
    guide = cache.guide()
    with st.container(horizontal=True, gap="small"):
        for file in _FILES:
            st.download_button(
                say(file.label),
                partial(_made, file, by, guide, project.key),
                file_name=f"{project.key}{file.name}",
                mime=file.media,
                icon=f":material/{file.icon}:",
                key=f"history:export{file.name}",
                on_click="ignore",
                help=say(file.about),
            )


def _made(file: _File, by: Actor, guide: Guide, key: str) -> bytes:
    return file.make({"by": by, "at": identity.now(), "guide": guide, "key": key})


def _bundle(asked: _Asked) -> bytes:
    return cache.read_now(make_bundle, **asked).data


def _document(asked: _Asked) -> bytes:
    return document_text(
        cache.read_now(document, by=asked["by"], guide=asked["guide"], key=asked["key"])
    ).encode()


def _dossier(name: str, asked: _Asked) -> bytes:
    return dossier_file(cache.read_now(report, **asked), name, asked["at"])


def _card(wanted: CardFormat, asked: _Asked) -> bytes:
    return card_file(cache.read_now(card, **asked), wanted, asked["at"])


_READ = mark("Every answer, check, decision, condition and waiver, to read and to print.")
_FILES = (
    _File(
        ".zip",
        mark("Bundle with proof"),
        "folder_zip",
        mark(
            "Everything answered, signed and decided, with a dossier to print and a script that checks "
            "all of it on any machine that has Python."
        ),
        "application/zip",
        _bundle,
    ),
    _File(
        ".json",
        mark("Whole project"),
        "data_object",
        mark(
            "One document with every field, from the first answer to the last reading, to be "
            "brought in here or in another installation. It names people with their e-mail addresses."
        ),
        "application/json",
        _document,
    ),
    _File(
        "-dossier.docx",
        mark("Dossier (Word)"),
        "description",
        _READ,
        DOCX_TYPE,
        partial(_dossier, "dossier.docx"),
    ),
    _File(
        "-dossier.pdf",
        mark("Dossier (PDF)"),
        "picture_as_pdf",
        _READ,
        PDF_TYPE,
        partial(_dossier, "dossier.pdf"),
    ),
    _File(
        "-model-card.md",
        mark("Model card"),
        "badge",
        mark("What the model is for and not for, its data, results and limits, as on the Hugging Face Hub."),
        "text/markdown",
        partial(_card, CardFormat.HUGGINGFACE),
    ),
    _File(
        "-bom.json",
        mark("Bill of materials"),
        "inventory_2",
        mark("The model, its data and third-party parts with the model card, as CycloneDX 1.6."),
        "application/json",
        partial(_card, CardFormat.CYCLONEDX),
    ),
)
