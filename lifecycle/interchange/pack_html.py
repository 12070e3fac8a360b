"""The leadership pack as one HTML file: nothing is fetched, nothing runs, and all that people wrote is escaped."""

from __future__ import annotations

from html import escape

from lifecycle.interchange.pack_content import (
    Bars,
    Figures,
    Heading,
    Piece,
    Sentence,
    Table,
    pieces,
    stamp,
    title,
)
from lifecycle.language import language, written_number
from lifecycle.queries.leadership_pack import LeadershipPack

_STYLE = """
:root { color-scheme: light dark; --ink: #0c121b; --quiet: #56617a; --rule: #d5dbe5; --bar: #1f5fbf; --paper: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebf1; --quiet: #9aa7b8; --rule: #2b3645; --bar: #6ea3ee; --paper: #11161d }
}
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; text-wrap: balance } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem }
p { margin: .4rem 0 } .quiet, caption { color: var(--quiet); font-size: .87rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.2rem 0 }
dl div { border: 1px solid var(--rule); border-radius: 6px; padding: .6rem .8rem }
dt { font-size: .87rem } dd { margin: 0 } dd.number { font-size: 1.5rem; font-weight: 600 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; margin-top: .6rem }
caption { text-align: left; padding-bottom: .3rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--rule);
  font-size: .87rem } th { font-weight: 600 } .number { font-variant-numeric: tabular-nums }
th.number, td.number { text-align: right; padding-right: 1.2rem }
td:first-child { min-width: 8rem } .short { white-space: nowrap } .long { min-width: 16rem }
td:not(.short) { overflow-wrap: break-word }
.bars { margin: .6rem 0; font-size: .87rem; line-height: 1.7 }
.bars div { display: grid; grid-template-columns: minmax(8rem, 11rem) minmax(0, 30rem); gap: .6rem }
.bars div > span:first-child { text-align: right } .bars span + span { display: flex; gap: .5rem }
.bars i { background: var(--bar); border-radius: 2px; margin: .2rem 0; print-color-adjust: exact }
@media print { body { max-width: none; padding: 0 } tr, .bars { break-inside: avoid } h2 { break-after: avoid } }
"""
_SHORT, _LONG = 14, 60  # letters that stay on one line, and beyond which a column is kept wide


def pack_html(pack: LeadershipPack) -> bytes:
    """UTF-8, complete in itself. Its own policy forbids the browser to load or run anything."""
    body = "\n".join(_piece(piece) for piece in pieces(pack))
    heading = escape(title(pack))
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n"
        f'<p class="quiet">{escape(stamp(pack))}</p>\n{body}\n</main>\n</body>\n</html>\n'
    ).encode("utf-8", "replace")


def _piece(piece: Piece) -> str:
    match piece:
        case Heading():
            return f"<h2>{escape(piece.text)}</h2>"
        case Sentence():
            quiet = ' class="quiet"' if piece.is_quiet else ""
            return f"<p{quiet}>{escape(piece.text)}</p>"
        case Figures():
            return f"<dl>{''.join(map(_figure, piece.figures))}</dl>"
        case Bars():
            return _bars(piece)
        case Table():
            return _table(piece)


def _figure(figure: tuple[str, str, str]) -> str:
    label, number, note = map(escape, figure)
    return f'<div><dt>{label}</dt><dd class="number">{number}</dd><dd class="quiet">{note}</dd></div>'


def _bars(piece: Bars) -> str:
    most = max((number for _, number in piece.bars), default=1) or 1
    rows = "".join(
        f"<div><span>{escape(label)}</span>"
        f'<span><i style="width: {84 * number / most:.1f}%"></i>{written_number(f"{number:,}")}</span></div>'
        for label, number in piece.bars
    )
    return f'<div class="bars" role="img" aria-label="{escape(piece.says)}">{rows}</div>'


def _table(piece: Table) -> str:
    heads = "".join(
        f'<th scope="col"{_kind(piece, place, head)}>{escape(head)}</th>'
        for place, head in enumerate(piece.heads)
    )
    rows = "".join(f"<tr>{_cells(piece, row)}</tr>" for row in piece.rows)
    # A region that scrolls must be reachable by keyboard.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(piece.caption)}"><table>'
        f"<caption>{escape(piece.caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


def _cells(piece: Table, row: tuple[str, ...]) -> str:
    return "".join(f"<td{_kind(piece, place, cell)}>{escape(cell)}</td>" for place, cell in enumerate(row))


def _kind(piece: Table, place: int, text: str) -> str:
    """Where it stands and whether it may wrap: a phone scrolls a table rather than breaking its words and dates."""
    length = "short" if len(text) <= _SHORT else "long" if len(text) > _LONG else ""
    kinds = " ".join(filter(None, ("number" if place in piece.numbers else "", length)))
    return f' class="{kinds}"' if kinds else ""
