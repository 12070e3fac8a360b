"""Which signed-in browsers still are: asked at every message, and every two seconds for idle ones."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from lifecycle.errors import Unavailable

LOG = logging.getLogger(__name__)
SWEEP_SECONDS = 2.0
TOUCH_SECONDS = 60.0

End = Callable[[], Awaitable[None]]


class LiveSessions:
    """Answers from the database, off the event loop, and ends open connections whose session has gone.

    `find_live` returns those of the token hashes that are neither revoked nor expired, with the code of the
    language that their person chose; `touch` notes that a person is active. Both block, and run in threads of
    their own: slow uploads or password hashing elsewhere cannot delay them, nor a waiting writer the reads.
    """

    def __init__(
        self, find_live: Callable[[Collection[str]], Mapping[str, str]], touch: Callable[[str], None]
    ) -> None:
        self._find_live = find_live
        self._touch = touch
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="session-read")
        self._writers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="session-touch")
        self._confirmed: dict[str, float] = {}
        self._languages: dict[str, str] = {}
        self._touched: dict[str, float] = {}
        self._open: defaultdict[str, set[End]] = defaultdict(set)
        self._sweeper: asyncio.Task[None] | None = None

    async def is_live(self, token_hash: str | None, *, max_age: float = 0.0) -> bool:
        """True while the session holds. A yes may be up to `max_age` seconds old; a no never is.

        Raises Unavailable when the database cannot say.
        """
        if token_hash is None:
            return False
        if max_age and time.monotonic() - self._confirmed.get(token_hash, -max_age) < max_age:
            return True
        return token_hash in await self._ask([token_hash])

    def language(self, token_hash: str) -> str:
        """The code of the language that whoever is signed in there chose, as of the last yes; empty: none."""
        return self._languages.get(token_hash, "")

    def note_activity(self, token_hash: str) -> None:
        """Keep the session from its idle end, writing at most once a minute and never waiting for it."""
        now = time.monotonic()
        if now - self._touched.get(token_hash, -TOUCH_SECONDS) >= TOUCH_SECONDS:
            self._touched[token_hash] = now
            self._writers.submit(self._touch_quietly, token_hash)

    def watch(self, token_hash: str, end: End) -> None:
        """Await `end` within five seconds of the session's end, until `unwatch`."""
        self._open[token_hash].add(end)
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep(), name="session-sweep")

    def unwatch(self, token_hash: str, end: End) -> None:
        self._open[token_hash].discard(end)
        if not self._open[token_hash]:
            del self._open[token_hash]
            self._touched.pop(token_hash, None)

    async def end(self, token_hash: str) -> None:
        """End the connections of a session at once: somebody signed out in this process."""
        self._confirmed.pop(token_hash, None)
        for end in tuple(self._open.get(token_hash, ())):
            await end()

    def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._writers.shutdown(wait=True)

    async def _ask(self, token_hashes: Collection[str]) -> Mapping[str, str]:
        loop = asyncio.get_running_loop()
        live = await loop.run_in_executor(self._readers, self._find_live, token_hashes)
        now = time.monotonic()
        for token_hash in token_hashes:
            if token_hash in live:
                self._confirmed[token_hash] = now
                self._languages[token_hash] = live[token_hash]
            else:
                self._confirmed.pop(token_hash, None)
                self._languages.pop(token_hash, None)
        return live

    async def _sweep(self) -> None:
        while self._open:
            await asyncio.sleep(SWEEP_SECONDS)
            watched = tuple(self._open)
            if not watched:
                return
            try:
                live = await self._ask(watched)
            except Unavailable:
                # Nobody is thrown out because the database is busy; messages are refused until it answers.
                LOG.warning("Open sessions could not be checked: the database cannot be reached.")
                continue
            for token_hash in watched:
                if token_hash not in live:
                    await self.end(token_hash)

    def _touch_quietly(self, token_hash: str) -> None:
        with suppress(Unavailable):
            self._touch(token_hash)
