"""A series of readings as a chart, for what was stored and for what is only tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lifecycle.language import counted, say
from lifecycle.queries.monitors import Spot
from lifecycle.rules.monitors import number_text
from lifecycle.ui import charts
from lifecycle.ui.charts import Flag, SeriesPoint
from lifecycle.ui.views.portfolio_maps import is_dark


def figure(spots: Sequence[Spot], fired: Sequence[tuple[datetime, str]]) -> Any:
    """The chart of a series; over the order of arrival where the readings carry no times of their own."""
    is_time = spots[0].at != spots[-1].at
    xs = [spot.at if is_time else number for number, spot in enumerate(spots, 1)]
    dots = [_dot(spot, x) for spot, x in zip(spots, xs, strict=True)]
    flags = []
    for at, key in fired:
        place = _nearest(spots, at, key)
        spot = spots[place]
        flags.append(Flag(xs[place], spot.value, charts.as_text(say("Fires at {key}", key=key))))
    return charts.series(dots, flags, dark=is_dark())


def _nearest(spots: Sequence[Spot], at: datetime, key: str) -> int:
    """The spot of this reading, or the one that it was drawn together with: the last that begins no later."""
    for number, spot in enumerate(spots):
        if spot.key == key:
            return number
    before = [number for number, spot in enumerate(spots) if spot.at <= at]
    return before[-1] if before else 0


def _dot(spot: Spot, x: datetime | int) -> SeriesPoint:
    said = [_reading(spot)]
    if spot.limit is not None:
        said.append(say("limit {limit}", limit=number_text(spot.limit)))
    if spot.breaches and spot.readings > 1:
        said.append(say("{breaches:,} in breach", breaches=spot.breaches))
    elif spot.breaches:
        said.append(say("in breach"))
    hover = charts.as_text(", ".join(said))
    return SeriesPoint(x, spot.value, spot.low, spot.high, spot.limit, bool(spot.breaches), hover)


def _reading(spot: Spot) -> str:
    if spot.readings <= 1:
        return say("{place}: {text}", place=spot.key, text=number_text(spot.value))
    return say(
        "{readings} from {key}: {low} to {high}",
        readings=counted(spot.readings, "reading"),
        key=spot.key,
        low=number_text(spot.low),
        high=number_text(spot.high),
    )
