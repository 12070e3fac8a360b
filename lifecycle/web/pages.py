"""The plain HTML pages of the way in: rendered here, styled inline, nothing loaded from anywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from lifecycle.language import language, say
from lifecycle.web.headers import content_hash

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
# One drawing for browser tab, sidebar and these pages.
_DRAWING = (Path(__file__).parent.parent / "ui" / "icon.svg").read_text(encoding="utf-8").strip()
_ICON = f"data:image/svg+xml;base64,{b64encode(_DRAWING.encode()).decode()}"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {"say": say, "language": language}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {content_hash(_STYLE)}; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
}


def form_policy() -> str:
    """For a form that a page of ours may frame and that has a script of ours."""
    return (
        f"default-src 'none'; style-src {content_hash(_STYLE)}; img-src data:; form-action 'self'; base-uri 'none';"
        " script-src 'self'; connect-src 'self'; frame-ancestors 'self'"
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What a refused form shows again: what was typed, and a sentence per field ("" for the page)."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""


FRESH = Shown()


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """A language by its own name, and the address that chooses it."""

    code: str
    name: str
    address: str


def page(
    template: str,
    title: str,
    *,
    status: int = 200,
    shown: Shown = FRESH,
    languages: Sequence[LanguageLink] = (),
    **content: object,
) -> HTMLResponse:
    """A whole page that loads nothing else. `languages` are those that can be chosen on it."""
    html = _TEMPLATES.get_template(f"{template}.html").render(
        title=title,
        values=shown.values,
        problems=shown.problems,
        notice=shown.notice,
        languages=languages,
        style=Markup(_STYLE),
        icon=_ICON,
        drawing=Markup(_DRAWING.replace("<svg ", '<svg aria-hidden="true" ', 1)),
        **content,
    )
    return HTMLResponse(html, status, _HEADERS)


def message(
    title: str, explanation: str, *, status: int = 200, link: str = "/", link_text: str
) -> HTMLResponse:
    """A page that says one thing and where to go from it."""
    return page("message", title, status=status, explanation=explanation, link=link, link_text=link_text)
