"""How much is tried: a little in `make test`, everything in `make reliability`."""

from __future__ import annotations

import os

ROUNDS = int(os.environ.get("LIFECYCLE_ROUNDS", "12"))
