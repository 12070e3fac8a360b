"""What may be kept as a view of the portfolio: a name of one's own and the query of its address."""

from __future__ import annotations

from lifecycle.errors import Invalid
from lifecycle.language import mark, say

LONGEST_NAME = 60
LONGEST_QUERY = 1_000
MOST = 50  # that one person keeps


def tidy_name(name: str) -> str:
    """Raises Invalid with a sentence where there is no name or too long a one."""
    found = " ".join(name.split())
    if not found:
        raise Invalid({mark("name"): say("Give the view a name.")})
    if len(found) > LONGEST_NAME:
        raise Invalid(
            {
                mark("name"): say(
                    "The name is {length} characters long; at most {most} can be kept.",
                    length=len(found),
                    most=LONGEST_NAME,
                )
            }
        )
    return found


def check_query(query: str) -> None:
    """Raises Invalid where nothing is chosen, or more than an address holds."""
    if not query:
        raise Invalid({mark("filters"): say("Choose a filter first: there is nothing to keep yet.")})
    if len(query) > LONGEST_QUERY:
        raise Invalid(
            {
                mark("filters"): say(
                    "These filters are too long to keep: at most {most:,} characters.",
                    most=LONGEST_QUERY,
                )
            }
        )
