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
    said = f"{spot.key}: {number_text(spot.value)}"
    if spot.readings > 1:
        span = f"{number_text(spot.low)} to {number_text(spot.high)}"
        said = say(
            "{readings} from {spot_key}: {span}",
            readings=counted(spot.readings, "reading"),
            spot_key=spot.key,
            span=span,
        )
    if spot.limit is not None:
        said += say(", limit {number_text}", number_text=number_text(spot.limit))
    if spot.breaches:
        said += (
            say(", {breaches:,} in breach", breaches=spot.breaches)
            if spot.readings > 1
            else say(", in breach")
        )
    return SeriesPoint(
        x, spot.value, spot.low, spot.high, spot.limit, bool(spot.breaches), charts.as_text(said)
    )
