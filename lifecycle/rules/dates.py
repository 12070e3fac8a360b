"""Calendar arithmetic for rules that speak of months and of dates passed."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def months_after(start: date, months: int) -> date:
    """The same day of a later month, or that month's last day: 31 January and one month is 28 February."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))
