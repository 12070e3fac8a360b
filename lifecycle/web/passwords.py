"""Passwords: argon2id, worked out in two threads of their own so that no page waits behind a sign-in."""

from __future__ import annotations

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# 64 MiB and three passes: the second recommended setting of RFC 9106.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
# Verified against when the account does not exist, so that the time taken tells nothing.
_NOBODY = _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, _composed(password))


async def is_password(password: str, password_hash: str | None) -> bool:
    """Takes as long for an account without a password as for one with."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _verify, password, password_hash)


def is_password_now(password: str, password_hash: str | None) -> bool:
    """As `is_password`, for callers outside of the event loop: they wait for one of the same two threads."""
    return _THREADS.submit(_verify, password, password_hash).result()


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        _HASHER.verify(password_hash or _NOBODY, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _composed(password: str) -> str:
    """The same password typed on another keyboard or system gives the same bytes."""
    return unicodedata.normalize("NFKC", password)
