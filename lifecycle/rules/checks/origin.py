"""Whether the model itself came from somebody else."""

from __future__ import annotations

from lifecycle.rules.checks.reading import Reading


def model_is_bought(reading: Reading) -> bool | None:
    """Bought or borrowed: M11 names a bought or pre-trained model, or a source is another model (X03).

    A vendor's feed alone does not make the model bought. None while M11 is open and no source settles it.
    """
    if any(origin == "another_model" for _, origin in reading.each_source("X03")):
        return True
    parts = reading.rows("M11")
    if parts is None:
        return None
    return any(row.get("kind") in ("bought_model", "pretrained_model") for row in parts)
