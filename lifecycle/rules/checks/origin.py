"""Whether the model itself came from somebody else."""

from __future__ import annotations

from typing import Final

from lifecycle.rules.checks.reading import Reading

BOUGHT_PARTS: Final = ("bought_model", "pretrained_model")
BORROWED_ORIGINS: Final = ("vendor", "partner", "another_model")


def model_is_bought(reading: Reading) -> bool | None:
    """What M11 says of the parts, once it is answered; until then the sources' origins are the only sign."""
    origins = [origin for _, origin in reading.each_source("X03")]
    if "another_model" in origins:
        return True
    parts = reading.rows("M11")
    if parts is not None:
        return any(row.get("kind") in BOUGHT_PARTS for row in parts)
    return True if any(origin in BORROWED_ORIGINS for origin in origins) else None
