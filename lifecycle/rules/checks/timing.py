"""Spans of time that checks compare: data delay, refresh, lead, and what is left of a window to act in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from lifecycle.rules.checks.reading import Reading
from lifecycle.vocabulary import Duration, plain_number

# The unit a person would use from so many days on, largest first.
_READABLE = (
    ("years", Decimal(730)),
    ("months", Decimal(61)),
    ("days", Decimal(1)),
    ("hours", Decimal(1) / 24),
)


@dataclass(frozen=True, slots=True)
class Window:
    """How far ahead the output looks against the time until somebody has acted on it."""

    horizon: Duration
    action: Duration
    lead_days: Decimal  # data delay + refresh + action, as far as known
    delay_is_known: bool
    refresh_is_known: bool

    @property
    def acts_too_late(self) -> bool:
        """Acting alone takes the whole window (C01)."""
        return self.action.days >= self.horizon.days

    @property
    def nothing_is_left(self) -> bool:
        return self.lead_days >= self.horizon.days

    @property
    def share_left(self) -> Decimal:
        """Share of the window that can still be acted on, if cases fall evenly over it."""
        return max(Decimal(0), 1 - self.lead_days / self.horizon.days) if self.horizon.days else Decimal(0)

    @property
    def lead(self) -> Duration:
        return readable(self.lead_days)


def window(reading: Reading) -> Window:
    """lead = longest X05 + refresh + D15. What is unknown counts as nothing, so the lead is optimistic then.

    Raises Missing without D14 or D15.
    """
    horizon, action = reading.need("D14", "horizon"), reading.need("D15")
    delay, delay_is_known = data_delay(reading)
    refresh = refresh_days(reading)
    return Window(horizon, action, delay + (refresh or 0) + action.days, delay_is_known, refresh is not None)


def data_delay(reading: Reading) -> tuple[Decimal, bool]:
    """The longest X05 in days, and whether that of every source is known (not so without any source)."""
    known = [value.days for _, value in reading.each_source("X05") if value is not None]
    complete = bool(reading.sources) and all(
        reading.source_knows(source, "X05") for source in reading.sources
    )
    return max(known, default=Decimal(0)), complete


def refresh_days(reading: Reading) -> Decimal | None:
    """R03 interval, else the age an answer may have (D20), 0 where that does not apply; None if unsaid."""
    interval = reading.value("R03", "interval") or reading.value("D20")
    if interval is not None:
        return Decimal(interval.days)
    return None if reading.applies("D20") else Decimal(0)


def readable(days: Decimal) -> Duration:
    """The same span to one decimal in the unit that a person would use."""
    unit = next((unit for unit, least in _READABLE if days >= least), "minutes")
    amount = (days / Duration(Decimal(1), unit).days).quantize(Decimal("0.1"))
    return Duration(amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount, unit)


def percent(share: Decimal) -> str:
    """A share in whole percent, rounded down so that 49.9 % never reads as half."""
    return plain_number((share * 100).quantize(Decimal(1), rounding=ROUND_DOWN))
