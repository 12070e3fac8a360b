"""What outlives a rerun: the database, the guide, and reads kept until something they cover changes.

A read is kept under the sum of the event chains it depends on (`events.chain_stamp`), so a change anywhere, by
anybody, in any process makes the next read fresh; nothing is ever cleared by hand. Views are frozen and shared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import RLock
from typing import Any, Generic, TypeVar

from lifecycle.events import ORGANISATION, chain_stamp
from lifecycle.facts.editions import edition
from lifecycle.facts.own_guides import in_force
from lifecycle.guide import Guide
from lifecycle.language import language
from lifecycle.own_guide import with_own
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.settings import Settings, read_settings
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import Files, open_files
from lifecycle.ui import current_run, state

T = TypeVar("T")


class _Once(Generic[T]):
    """Made when first asked for, by one thread, and kept for the whole server.

    Not Streamlit's cache: asked for dozens of times in a run, it costs more than all else they do. And not
    `lru_cache` alone, which lets two threads make it at the same time.
    """

    _making = RLock()  # one for all: the database asks for the settings while it is made

    def __init__(self, make: Callable[[], T]) -> None:
        self._kept = lru_cache(maxsize=1)(make)

    def __call__(self) -> T:
        with self._making:
            return self._kept()

    def cache_clear(self) -> None:
        self._kept.cache_clear()


@_Once
def settings() -> Settings:
    return read_settings()


@_Once
def database() -> Database:
    return open_database(settings().database_url)


@_Once
def files() -> Files:
    """Where the contents of evidence are."""
    return open_files(settings(), database().file)


@_Once
def shipped_guide() -> Guide:
    """The guide of the files."""
    return with_own(load_checked_guide(settings().guide_folder), settings().own_guide)


def current_guide() -> Guide:
    """The guide in force, in the reader's language: that of new projects, and of what is not about a single one."""
    return current_run.once(("guide", language()), _guide_in_force)


def _guide_in_force() -> Guide:
    return _in_force_at(stamp(ORGANISATION), shipped_guide().digest).here()


@lru_cache(maxsize=4)
def _in_force_at(_newest: int, _digest: str) -> Guide:
    return read_now(in_force, shipped=shipped_guide())


def guide() -> Guide:
    """The guide that the project goes by which this tab looks at; else the one in force."""
    version = state.guide_version()
    now = current_guide()
    return now if version in ("", now.version) else _earlier_guide(version).here()


@lru_cache(maxsize=16)
def _earlier_guide(version: str) -> Guide:
    with database().read() as session:
        return edition(session, current_guide(), version)


def read(query: Callable[..., T], *chains: str, **arguments: Any) -> T:
    """The answer of `query(session, **arguments)`, kept while no event is added to `chains` (none named: to any).

    Arguments must be hashable and say everything the answer depends on, today's date included where it matters.
    Raises what the query raises; a refusal is not kept.
    """
    found: T = _kept(query, stamp(*chains), language(), tuple(sorted(arguments.items())))
    return found


def read_with_guide(query: Callable[..., T], *chains: str, **arguments: Any) -> T:
    """As `read`, for queries that also take `guide`: one about a project takes that of the project by itself."""
    newest = stamp(*chains)
    edition_read = (current_guide().digest, language())
    found: T = _kept_with_guide(query, newest, edition_read, tuple(sorted(arguments.items())))
    return found


def stamp(*chains: str) -> int:
    """How many events these chains hold; grows with every change to what they cover. One moment in one run."""
    return current_run.once(("stamp", chains), lambda: _stamp(chains))


def _stamp(chains: tuple[str, ...]) -> int:
    with database().read() as session:
        return chain_stamp(session, *chains)


def read_now(query: Callable[..., T], **arguments: Any) -> T:
    """As `read`, never kept: for what changes without an event, or is asked once."""
    with database().read() as session:
        return query(session, **arguments)


# Not Streamlit's cache: it hashes arguments by pickling them, which costs more than most of these reads.
@lru_cache(maxsize=400)
def _kept(query: Callable[..., T], newest: int, _language: str, arguments: tuple[tuple[str, Any], ...]) -> T:
    return read_now(query, **dict(arguments))


@lru_cache(maxsize=400)
def _kept_with_guide(
    query: Callable[..., T],
    newest: int,
    _edition_read: tuple[str, str],
    arguments: tuple[tuple[str, Any], ...],
) -> T:
    return read_now(query, guide=current_guide(), **dict(arguments))


def forget_everything() -> None:
    """Database, guide and reads, for tests that bring their own database."""
    once = (settings, database, files, shipped_guide)
    for kept in (*once, _in_force_at, _earlier_guide, _kept, _kept_with_guide):
        kept.cache_clear()
