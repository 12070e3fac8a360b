"""Figures: plain values in, a Plotly figure out. The only file that imports plotly, and it draws nothing itself.

Every cell and bar carries a sign or a number besides its colour, and what it says in words on hovering. The
background is transparent, so that Streamlit's light and dark theme show through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor
from types import MappingProxyType
from typing import Any

from plotly import graph_objects as go

from lifecycle.language import ENGLISH, language, say, written_number
from lifecycle.ui.standing import Mark
from lifecycle.vocabulary import Level, SignOffStatus

CONFIG: Mapping[str, Any] = MappingProxyType({"displayModeBar": False, "showTips": False})
LONGEST_LABEL = 26
_ROW_HEIGHT = 30
_HEAD_HEIGHT = 66
_PAPER = {False: (255, 255, 255), True: (17, 22, 29)}  # the backgrounds of .streamlit/config.toml
_INK = {False: "#0c121b", True: "#e6ebf1"}
_ON_SOLID = {False: "#ffffff", True: "#11161d"}
_TINT = 0.16
LIGHT = 0.35  # how strongly what is only planned is filled
_QUIET = Mark("", "gray", "remove")
_DAY_IN_MILLISECONDS = 86_400_000

# One sign each, so that a cell can be read without its colour.
LEVEL_SIGNS: Mapping[Level, str] = MappingProxyType(
    {
        Level.BLOCKED: "✕",
        Level.NOT_STARTED: "–",
        Level.IN_PROGRESS: "◐",
        Level.WAITING: "…",
        Level.CONDITIONAL: "!",
        Level.READY: "▶",
        Level.PASSED: "✓",
    }
)
STATUS_SIGNS: Mapping[SignOffStatus, str] = MappingProxyType(
    {
        SignOffStatus.NOT_ASKED: "–",
        SignOffStatus.WAITING: "…",
        SignOffStatus.SIGNED: "✓",
        SignOffStatus.CONDITIONAL: "!",
        SignOffStatus.STALE: "↻",
        SignOffStatus.CHANGES_REQUESTED: "✎",
        SignOffStatus.REJECTED: "✕",
        SignOffStatus.ELSEWHERE: "○",
    }
)
STOPPED_SIGN = "■"
NOT_ASSESSED_SIGN = "?"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a heat map. `text` stands in it, `hover` says it in words, `strength` 0 to 1 fills it."""

    row: int
    column: int
    text: str
    hover: str
    mark: Mark
    strength: float = 1.0
    links: tuple[str, ...] = ()  # what the page does with a click on it


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a bar: pieces of the same label stand one after the other."""

    label: str
    value: int
    hover: str
    mark: Mark
    strength: float = 1.0
    text: str = ""
    links: tuple[str, ...] = ()


# ------------------------------------------------------------------ heat map


def heat_map(rows: Sequence[str], columns: Sequence[str], cells: Sequence[Cell], *, dark: bool) -> go.Figure:
    """Rows from the top, columns with their headings above; a click on a cell selects its point."""
    trace = {
        "type": "bar",
        "orientation": "h",
        "base": [cell.column + 0.03 for cell in cells],
        "x": [0.94] * len(cells),
        "y": [cell.row for cell in cells],
        "width": 0.84,
        "marker": {
            "color": [tone(cell.mark, cell.strength, dark=dark) for cell in cells],
            "line": {"width": 0},
            "cornerradius": 3,
        },
        "text": [cell.text for cell in cells],
        "constraintext": "none",
        "textfont": {"color": [_text_tone(cell.strength, dark) for cell in cells], "size": 13},
        "hovertext": [cell.hover for cell in cells],
        **_ALIKE,
    }
    return _figure(
        trace,
        height=_HEAD_HEIGHT + _ROW_HEIGHT * max(len(rows), 1),
        dark=dark,
        x={
            "side": "top",
            "range": [0, len(columns)],
            "tickvals": [number + 0.5 for number in range(len(columns))],
            "ticktext": list(columns),
            # Leaning left where a phone leaves no room: to the right the last one would leave the picture.
            "autotickangles": [0, 45, 90],
        },
        y=_labels([shortened(row) for row in rows]),
    )


# A mark that is not the chosen one does not fade: choosing opens another page.
_STAYS: Mapping[str, Any] = MappingProxyType({"unselected": {"marker": {"opacity": 1}}})
# What every bar and cell has in common.
_ALIKE: Mapping[str, Any] = MappingProxyType(
    {
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "unselected": {"marker": {"opacity": 1}},
    }
)


def _labels(labels: Sequence[str]) -> dict[str, Any]:
    """An axis with these labels from the top down."""
    return {
        "range": [max(len(labels), 1) - 0.5, -0.5],
        "tickvals": list(range(len(labels))),
        "ticktext": list(labels),
        "ticklabelstandoff": 6,
    }


# ------------------------------------------------------------------ bars


def bars(pieces: Sequence[Bar], *, dark: bool) -> go.Figure:
    """Horizontal bars, the first label on top; the total of each stands at its end."""
    labels = list(dict.fromkeys(piece.label for piece in pieces))
    totals = {label: sum(piece.value for piece in pieces if piece.label == label) for label in labels}
    starts: dict[str, int] = dict.fromkeys(labels, 0)
    bases = []
    for piece in pieces:
        bases.append(starts[piece.label])
        starts[piece.label] += piece.value
    trace = {
        "type": "bar",
        "orientation": "h",
        "base": bases,
        "x": [piece.value for piece in pieces],
        "y": [labels.index(piece.label) for piece in pieces],
        "width": 0.66,
        "marker": {
            "color": [tone(piece.mark, piece.strength, dark=dark) for piece in pieces],
            "line": {"width": 0},
        },
        "text": [piece.text for piece in pieces],
        "textfont": {"color": [_text_tone(piece.strength, dark) for piece in pieces]},
        "hovertext": [piece.hover for piece in pieces],
        **_ALIKE,
    }
    ends = [
        {
            "x": total,
            "y": place,
            "text": written_number(f"{total:,}"),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 6,
        }
        for place, total in enumerate(totals.values())
    ]
    largest = max(totals.values(), default=1) or 1
    return _figure(
        trace,
        height=24 + 34 * max(len(labels), 1),
        dark=dark,
        x={"range": [0, largest * 1.2], "showticklabels": False},
        y=_labels([shortened(label) for label in labels]),
        annotations=ends,
    )


# ------------------------------------------------------------------ time line


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of time in a row of its label. `strength` below 1 fills it lightly: planned, not yet done."""

    label: str
    start: date
    end: date
    hover: str
    mark: Mark
    strength: float = 1.0
    text: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """One day in a row of its label, drawn as a sign."""

    label: str
    on: date
    hover: str
    mark: Mark
    symbol: str = "diamond"
    links: tuple[str, ...] = ()
    is_hollow: bool = False  # to be seen on a bar of any colour


def time_line(
    spans: Sequence[Span],
    moments: Sequence[Moment],
    *,
    today: date,
    dark: bool,
    markers: Mapping[str, date] = MappingProxyType({}),
) -> go.Figure:
    """Rows from the top in the order of their first piece; lines through all rows at today and the `markers`."""
    labels = list(dict.fromkeys((*(span.label for span in spans), *(moment.label for moment in moments))))
    days = [today, *markers.values(), *(moment.on for moment in moments)]
    days += [day for span in spans for day in (span.start, span.end)]
    first, last = min(days), max(days)
    room = max((last - first) // 25, timedelta(days=4))
    this_day = say("today")
    lines = {this_day: today, **markers}
    x = {
        "type": "date",
        "range": [(first - room).isoformat(), (last + room).isoformat()],
        "side": "bottom",
        "showgrid": True,
        "gridcolor": tone(_QUIET, _TINT, dark=dark),
        "nticks": 7,
        "tickformatstops": [
            {"dtickrange": [None, 604_800_000], "value": say("%-d %b")},
            {"dtickrange": [604_800_001, "M12"], "value": say("%b %Y")},
            {"dtickrange": ["M12", None], "value": "%Y"},
        ],
    }
    return _figure(
        _spans(spans, labels, dark),
        _moments(moments, labels, dark),
        height=84 + 30 * max(len(labels), 1),  # the days beneath need their room even below one row
        dark=dark,
        top=34,
        x=x,
        y=_labels([shortened(label, 22) for label in labels]),
        annotations=[
            {
                "x": day.isoformat(),
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "right" if (day - first) > 0.85 * (last - first) else "center",
                "yshift": 16 * (place % 2) if (max(lines.values()) - min(lines.values())) < 5 * room else 0,
                "text": as_text(name),
                "showarrow": False,
                "font": {"size": 12, "color": _INK[dark]},
            }
            for place, (name, day) in enumerate(sorted(lines.items(), key=lambda each: each[1]))
        ],
        shapes=[
            {
                "type": "line",
                "x0": day.isoformat(),
                "x1": day.isoformat(),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": _INK[dark], "width": 1, "dash": "solid" if name == this_day else "dot"},
            }
            for name, day in lines.items()
        ],
    )


def _spans(spans: Sequence[Span], labels: list[str], dark: bool) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "base": [span.start.isoformat() for span in spans],
        "x": [max((span.end - span.start).days, 1) * _DAY_IN_MILLISECONDS for span in spans],
        "y": [labels.index(span.label) for span in spans],
        "width": 0.62,
        "marker": {
            "color": [tone(span.mark, span.strength, dark=dark) for span in spans],
            "line": {"width": 1, "color": [tone(span.mark, 1, dark=dark) for span in spans]},
            "cornerradius": 3,
        },
        "text": [span.text for span in spans],
        "textfont": {"color": [_text_tone(span.strength, dark) for span in spans]},
        "hovertext": [span.hover for span in spans],
        **_ALIKE,
    }


def _moments(moments: Sequence[Moment], labels: list[str], dark: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [moment.on.isoformat() for moment in moments],
        "y": [labels.index(moment.label) for moment in moments],
        "marker": {
            "color": [
                _ON_SOLID[dark] if moment.is_hollow else tone(moment.mark, 1, dark=dark) for moment in moments
            ],
            "symbol": [moment.symbol for moment in moments],
            "size": 13,
            "line": {"width": 1, "color": _INK[dark]},
        },
        "hovertext": [moment.hover for moment in moments],
        "hoverinfo": "text",
        **_STAYS,
    }


# ------------------------------------------------------------------ ages


@dataclass(frozen=True, slots=True)
class Dot:
    """One thing of a row, at its number of days."""

    label: str
    days: int
    hover: str
    mark: Mark
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The median and the 85th percentile of a row."""

    label: str
    median: int
    safe: int


def ages(dots: Sequence[Dot], rows: Sequence[Percentiles], *, dark: bool, noun: str = "") -> go.Figure:
    """Every thing as a dot, rows from the top; a bar reaches to the median, a lighter one to the 85th percentile."""
    labels = [row.label for row in rows]
    longest = max([*(dot.days for dot in dots), *(row.safe for row in rows), 1])
    return _figure(
        _reach(rows, [row.safe for row in rows], 0.25, dark),
        _reach(rows, [row.median for row in rows], 0.9, dark),
        {
            "type": "scatter",
            "mode": "markers",
            "x": [dot.days for dot in dots],
            # Apart from one another without chance, so that the picture is the same in every run.
            "y": [labels.index(dot.label) + (place * 5 % 7 - 3) * 0.06 for place, dot in enumerate(dots)],
            "marker": {
                "color": [tone(dot.mark, 1, dark=dark) for dot in dots],
                "size": 10,
                "line": {"width": 1, "color": _ON_SOLID[dark]},
            },
            "hovertext": [dot.hover for dot in dots],
            "hoverinfo": "text",
            **_STAYS,
        },
        height=64 + 38 * max(len(rows), 1),
        dark=dark,
        x={
            "range": [-0.02 * longest, longest * 1.06],
            "title": {"text": noun or say("days"), "font": {"size": 12, "color": _INK[dark]}},
            "showgrid": True,
            "gridcolor": tone(_QUIET, _TINT, dark=dark),
        },
        y=_labels([shortened(label) for label in labels]),
    )


# ------------------------------------------------------------------ two figures


_FEW = 6  # up to here every whole number has its line


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing with two figures."""

    x: float
    y: float
    hover: str
    links: tuple[str, ...] = ()


def pairs(points: Sequence[Pair], *, x_title: str, y_title: str, mark: Mark, dark: bool) -> go.Figure:
    """Every thing as a dot; those on the same spot stand above one another."""
    seen: dict[tuple[float, float], int] = {}
    places = []
    for point in points:
        places.append(seen.get((point.x, point.y), 0))
        seen[point.x, point.y] = places[-1] + 1
    highest = max([*(point.y for point in points), 1])
    lowest = max(0.0, floor(10 * min((point.x for point in points), default=0.0) - 1) / 10)
    grid = {"showgrid": True, "gridcolor": tone(_QUIET, _TINT, dark=dark)}
    font = {"size": 12, "color": _INK[dark]}
    return _figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [point.x for point in points],
            "y": [point.y + 0.045 * highest * place for point, place in zip(points, places, strict=True)],
            "marker": {
                "color": tone(mark, 1, dark=dark),
                "size": 12,
                "opacity": 0.85,
                "line": {"width": 1, "color": _ON_SOLID[dark]},
            },
            "hovertext": [point.hover for point in points],
            "hoverinfo": "text",
            **_STAYS,
        },
        height=320,
        dark=dark,
        x={
            "range": [lowest - 0.03 * (1 - lowest), 1 + 0.05 * (1 - lowest)],
            "title": {"text": x_title, "font": font},
            **grid,
        },
        y={
            "range": [-0.06 * highest, highest * (1.12 + 0.045 * max(places, default=0))],
            "title": {"text": y_title, "font": font},
            **({"dtick": 1} if highest <= _FEW else {"nticks": 6}),
            "tickformat": ",d",
            **grid,
        },
    )


AGES_TRACE = 2  # which trace of `ages` holds the dots
MOMENTS_TRACE = 1  # and which of `time_line` the moments


def _reach(rows: Sequence[Percentiles], ends: Sequence[int], strength: float, dark: bool) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": list(ends),
        "y": list(range(len(rows))),
        "width": 0.62,
        "marker": {"color": tone(_QUIET, strength, dark=dark), "line": {"width": 0}},
        "hovertext": [
            say(
                "{label}: median {median:,}, 85th percentile {safe:,}",
                label=as_text(row.label),
                median=row.median,
                safe=row.safe,
            )
            for row in rows
        ],
        **_ALIKE,
    }


# ------------------------------------------------------------------ tones


def tone(mark: Mark, strength: float, *, dark: bool) -> str:
    """The mark's colour; below full strength it is mixed into the background, so that text on it stays legible."""
    hue = mark.hue(dark=dark)
    if strength >= 1:
        return hue
    paper = _PAPER[dark]
    share = _TINT + (0.5 - _TINT) * max(strength, 0.0)
    mixed = (round(share * front + (1 - share) * back) for front, back in zip(_rgb(hue), paper, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _text_tone(strength: float, dark: bool) -> str:
    return _ON_SOLID[dark] if strength >= 1 else _INK[dark]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def shortened(label: str, longest: int = LONGEST_LABEL) -> str:
    """At most `longest` characters, as Plotly shows text: no markup of the writer's own."""
    text = " ".join(label.split())
    text = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    return as_text(text)


def as_text(text: str) -> str:
    """Plotly reads a few HTML tags in labels; what people wrote must not be read so."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _figure(
    *traces: dict[str, Any],
    height: int,
    dark: bool,
    x: dict[str, Any],
    y: dict[str, Any],
    annotations: Sequence[dict[str, Any]] = (),
    shapes: Sequence[dict[str, Any]] = (),
    top: int = 8,
) -> go.Figure:
    """Made in one go: Plotly checks the whole figure anew at every later change, which costs more than the page."""
    plain = {
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
        "tickfont": {"color": _INK[dark], "size": 13},
    }
    layout = {
        "height": height,
        "margin": {"l": 0, "r": 8, "t": top, "b": 0, "pad": 0},
        "barmode": "overlay",
        "uniformtext": {"mode": "hide", "minsize": 10},
        "dragmode": False,
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK[dark], "size": 13},
        "hoverlabel": {"align": "left", "namelength": -1},
        "showlegend": False,
        "annotations": list(annotations),
        "shapes": list(shapes),
        "separators": _separators(),
        "xaxis": plain | x,
        "yaxis": plain | y,
        "template": "none",
    }
    return go.Figure({"data": list(traces), "layout": layout})


def _separators() -> str:
    """The decimal sign and that between thousands, as Plotly wants to know them."""
    number = written_number("1,000.5")
    return number[-2] + number[1]


# ------------------------------------------------------------------ series of readings


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One place of a series: `x` a moment or a number, `low` and `high` what lies together there."""

    x: datetime | int
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    is_breach: bool
    hover: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A place where the rule fires."""

    x: datetime | int
    value: float | None
    hover: str


def series(dots: Sequence[SeriesPoint], flags: Sequence[Flag], *, dark: bool, height: int = 300) -> go.Figure:
    """The readings as a line, their limit as a dotted one, breaches as crosses, firings as filled triangles."""
    blue, red = Mark("", "blue", ""), Mark("", "red", "")
    x = [_place(dot.x) for dot in dots]
    line, limit = tone(blue, 1, dark=dark), tone(_QUIET, 1, dark=dark)
    breaches = [dot for dot in dots if dot.is_breach and dot.value is not None]
    traces: list[dict[str, Any]] = []
    if any(dot.low != dot.high for dot in dots):
        quiet = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        traces += [
            {"type": "scatter", "x": x, "y": [dot.low for dot in dots], **quiet},
            {
                "type": "scatter",
                "x": x,
                "y": [dot.high for dot in dots],
                "fill": "tonexty",
                "fillcolor": tone(blue, 0, dark=dark),
                **quiet,
            },
        ]
    traces += [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": [dot.limit for dot in dots],
            "line": {"color": limit, "width": 1.5, "dash": "dash", "shape": "hv"},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines" if len(dots) > _ALONE else "lines+markers",
            "x": x,
            "y": [dot.value for dot in dots],
            "line": {"color": line, "width": 1.8},
            "marker": {"color": line, "size": 5},
            "connectgaps": False,
            "hovertext": [dot.hover for dot in dots],
            "hoverinfo": "text",
        },
        _signs(breaches, tone(red, 1, dark=dark), "x-thin", 8, dark),
        _signs(flags, tone(red, 1, dark=dark), "triangle-down", 14, dark),
    ]
    is_time = bool(dots) and isinstance(dots[0].x, datetime)
    axis: dict[str, Any] = {"type": "date" if is_time else "linear", "nticks": 7}
    return _figure(
        *traces,
        height=height,
        dark=dark,
        top=14,
        x={**axis, **(_days_in_figures() if is_time else {}), "showgrid": False},
        y={"showgrid": True, "gridcolor": tone(_QUIET, 0, dark=dark), "nticks": 6},
    )


def _days_in_figures() -> dict[str, Any]:
    """Plotly names months in English only: elsewhere they are numbers."""
    if language() == ENGLISH:
        return {}
    return {
        "tickformatstops": [
            {"dtickrange": [None, _DAY_IN_MILLISECONDS - 1], "value": "%m-%d %H:%M"},
            {"dtickrange": [_DAY_IN_MILLISECONDS, "M1"], "value": "%Y-%m-%d"},
            {"dtickrange": ["M1", None], "value": "%Y-%m"},
        ]
    }


_ALONE = 120  # more readings than this are a line without a dot for each


def _place(x: datetime | int) -> str | int:
    return x.isoformat() if isinstance(x, datetime) else x


def _signs(
    places: Sequence[SeriesPoint] | Sequence[Flag], colour: str, symbol: str, size: int, dark: bool
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [_place(each.x) for each in places],
        "y": [each.value for each in places],
        "marker": {
            "color": colour,
            "symbol": symbol,
            "size": size,
            "line": {
                "width": 2 if symbol == "x-thin" else 1,
                "color": colour if symbol == "x-thin" else _INK[dark],
            },
        },
        "hovertext": [each.hover for each in places],
        "hoverinfo": "text",
    }
