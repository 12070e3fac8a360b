"""Random tokens and the hashes under which they are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """32 random bytes as URL-safe text; only its hash is ever stored."""
    return secrets.token_urlsafe(32)


TOKEN_MARK = "lcy_"  # tells scanners of leaked secrets, and people, what they found


def new_access_token() -> str:
    """As `new_token`, with the mark of an access token before it."""
    return f"{TOKEN_MARK}{new_token()}"


def hint_of(token: str) -> str:
    """Enough to tell one's tokens apart by, far too little to guess one from."""
    return token[: len(TOKEN_MARK) + 4]


def hash_token(token: str) -> str:
    """Enough for tokens that cannot be guessed; passwords go through argon2id instead."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def form_token(seed: str, session_token: str) -> str:
    """What a form must send back: bound to this browser's form cookie and to its session."""
    return hmac.new(seed.encode(), session_token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare without telling by the time taken how much agrees."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
