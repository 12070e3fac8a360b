"""The one way in which sending ends badly."""

from __future__ import annotations

LONGEST_REASON = 400


class Undelivered(Exception):
    """Why a message did not arrive, as one sentence for the log; never holds a password or an address's secret.

    `is_permanent`: trying again would end the same way. `is_unreachable`: nothing goes that way just now, so
    there is no use in trying the next message either.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False, is_unreachable: bool = False) -> None:
        self.reason = one_line(reason)[:LONGEST_REASON]
        self.is_permanent, self.is_unreachable = is_permanent, is_unreachable
        super().__init__(self.reason)


def one_line(text: str) -> str:
    """Nothing that could end a header or a line of a log: control characters become spaces."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
