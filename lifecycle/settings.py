"""Settings from the environment, read once at the edge and passed inwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how the server is reached. Sizes are in megabytes, ages in hours."""

    database_url: str
    address: str = "127.0.0.1"
    port: int = 8501
    guide_folder: Path = PROJECT_ROOT / "data" / "guide"
    public_url: str | None = None
    trust_proxy: bool = False
    session_idle_hours: float = 12
    session_absolute_hours: float = 24 * 14
    largest_import_megabytes: int = 50
    evidence_url: str | None = None  # a path or URL; None: the folder beside the database
    largest_evidence_megabytes: int = 200
    development: bool = False

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from environment variables; a wrong one raises ValueError with a sentence naming it."""
    values = os.environ if environment is None else environment
    default_database = f"sqlite:///{PROJECT_ROOT / 'data' / 'lifecycle.db'}"
    return Settings(
        database_url=values.get("LIFECYCLE_DATABASE_URL") or default_database,
        address=values.get("LIFECYCLE_ADDRESS", "127.0.0.1"),
        port=_port(values.get("PORT", "8501")),
        guide_folder=Path(values.get("LIFECYCLE_GUIDE") or PROJECT_ROOT / "data" / "guide"),
        public_url=values.get("LIFECYCLE_PUBLIC_URL") or None,
        trust_proxy=values.get("LIFECYCLE_TRUST_PROXY", "") == "1",
        evidence_url=values.get("LIFECYCLE_EVIDENCE_URL") or None,
        largest_evidence_megabytes=_megabytes(values, "LIFECYCLE_EVIDENCE_MEGABYTES", 200),
        development=values.get("LIFECYCLE_DEVELOPMENT", "") == "1",
    )


def _megabytes(values: Mapping[str, str], name: str, otherwise: int) -> int:
    text = values.get(name) or str(otherwise)
    if not text.isdecimal() or not 0 < int(text) <= 2_000:
        raise ValueError(f"{name} must be a whole number of megabytes from 1 to 2000, not “{text}”.")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ValueError(f"PORT must be a whole number from 1 to 65535, not “{text}”.")
    return int(text)
