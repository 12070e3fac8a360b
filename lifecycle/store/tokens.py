"""Random tokens and the hashes under which they are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """32 random bytes as URL-safe text; only its hash is ever stored."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Enough for tokens that cannot be guessed; passwords go through argon2id instead."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def form_token(seed: str, session_token: str) -> str:
    """What a form must send back: bound to this browser's form cookie and to its session."""
    return hmac.new(seed.encode(), session_token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare without telling by the time taken how much agrees."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
