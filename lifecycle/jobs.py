"""What happens without anybody pressing a button: dates that pass, reminders, digests, deliveries.

Runs inside every server by default and by `python -m lifecycle tick`. On one database exactly one of them runs a
job at a time (`actions/leases.py`); each step is done so that a process killed in the middle of it leaves nothing
half done, and the next one goes on.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from lifecycle.actions import leases, monitors, outbox
from lifecycle.actions.outbox import Claimed
from lifecycle.errors import LifecycleError, Unavailable
from lifecycle.facts.own_guides import in_force
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.guide import Guide
from lifecycle.interchange.fetching import fetch
from lifecycle.language import ENGLISH, mark, say, speaking
from lifecycle.notify import chats, mail, webhooks
from lifecycle.notify.undelivered import Undelivered, one_line
from lifecycle.queries.deliveries import last_finished
from lifecycle.queries.messages import Unneeded, language_for, message_for
from lifecycle.queries.monitors import due_for_fetching, silent
from lifecycle.queries.portfolio_days import day_to_keep, days_to_keep
from lifecycle.rules.deliveries import Medium
from lifecycle.rules.messages import Message
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.store.tallies import keep_day
from lifecycle.vocabulary import SYSTEM

EVERY_SECONDS = 15.0
STOPS_WITHIN_SECONDS = 3.0
MOST_DELIVERIES = 200  # in one go, so that other jobs get their turn
MOST_FETCHES = 50
REMINDERS_EVERY = timedelta(minutes=20)
TIDY_EVERY = timedelta(days=1)
KEEP_DAYS_EVERY = timedelta(minutes=10)
MOST_DAYS = 100  # in one go: after an upgrade all days of the past are to be counted once

_log = logging.getLogger(__name__)


@dataclass
class Done:
    """What one go did, in numbers; `elsewhere` are jobs that another process runs, `broken` those that failed."""

    standing: int = 0
    fetched: int = 0
    silent: int = 0
    escalated: int = 0
    reminders: int = 0
    told: int = 0
    digests: int = 0
    sent: int = 0
    tried_again_later: int = 0
    failed: int = 0
    not_needed: int = 0
    forgotten: int = 0
    elsewhere: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def sentence(self) -> str:
        said = [say(text, number=number) for name, text in _WORDS.items() if (number := getattr(self, name))]
        said += [say("{job} runs elsewhere", job=job) for job in self.elsewhere]
        said += [say("{job} broke", job=job) for job in self.broken]
        return ", ".join(said) or say("Nothing was due")


_WORDS: Mapping[str, str] = {
    "standing": mark("{number} standings written anew"),
    "fetched": mark("{number} readings fetched"),
    "silent": mark("{number} monitors without readings"),
    "escalated": mark("{number} incidents nobody took on"),
    "reminders": mark("{number} reminders"),
    "told": mark("{number} things told"),
    "digests": mark("{number} digests"),
    "sent": mark("{number} messages sent"),
    "tried_again_later": mark("{number} to be tried again"),
    "failed": mark("{number} failed for good"),
    "not_needed": mark("{number} no longer needed"),
}


@dataclass(frozen=True, slots=True)
class _Job:
    """`is_due` only reads, so that nothing is written while there is nothing to do."""

    name: str
    is_due: Callable[[Session, datetime], bool]
    run: Callable[[datetime, Done], int | str]


class Jobs:
    """All jobs over one database. `guide` is that of the files. `clock` says what time it is, for tests."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        guide: Guide,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._database, self._settings, self._shipped = database, settings, guide
        self._clock = clock or _now
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._jobs = (
            _Job("standing", self._standing_is_due, self._write_standing),
            _Job("days", self._days_are_due, self._keep_days),
            _Job("fetching", self._fetching_is_due, self._fetch),
            _Job("silence", self._silence_is_due, self._note_silence),
            _Job("escalations", self._escalations_are_due, self._escalate),
            _Job("reminders", self._is_time("reminders", REMINDERS_EVERY), self._remind),
            _Job("outbox", self._outbox_is_due, self._take_up),
            _Job("digests", self._digests_are_due, self._make_digests),
            _Job("deliveries", self._deliveries_are_due, self._deliver),
            _Job("tidying", self._is_time("tidying", TIDY_EVERY), self._forget),
        )

    @property
    def _guide(self) -> Guide:
        """The guide in force now."""
        with self._database.read() as session:
            return in_force(session, self._shipped)

    def run(self) -> Done:
        """Every job that is due, once. A job that breaks is named and the others go on.

        Raises Unavailable when the database cannot be reached.
        """
        done = Done()
        for job in self._jobs:
            try:
                # What a job notes is for others to read: it depends on no language of whoever started it.
                with speaking(ENGLISH):
                    self._run(job, done)
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - one broken job must not keep the others from their turn
                _log.exception("the job %s broke", job.name)
                done.broken.append(job.name)
        return done

    def _run(self, job: _Job, done: Done) -> None:
        at = self._clock()
        with self._database.read() as session:
            if not job.is_due(session, at):
                return
        with self._database.write() as session:
            is_ours = leases.take(session, job=job.name, holder=self._holder, at=at)
        if not is_ours:
            done.elsewhere.append(job.name)
            return
        said = say("broke; the server's log says why")
        try:
            said = str(job.run(at, done))
        finally:
            with self._database.write() as session:
                leases.give_back(session, job=job.name, holder=self._holder, at=self._clock(), said=said)

    def _is_time(self, name: str, every: timedelta) -> Callable[[Session, datetime], bool]:
        def is_time(session: Session, at: datetime) -> bool:
            last = last_finished(session, job=name)
            return last is None or last + every <= at

        return is_time

    # ------------------------------------------------------------ dates

    def _standing_is_due(self, session: Session, at: datetime) -> bool:
        return bool(lapsed_standing(session, at=at))

    def _write_standing(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.standing = rebuild_lapsed(session, guide=self._guide, at=at)
        return done.standing

    def _days_are_due(self, session: Session, at: datetime) -> bool:
        last = last_finished(session, job="days")
        is_time = last is None or last + KEEP_DAYS_EVERY <= at
        return is_time and bool(days_to_keep(session, at=at, most=1))

    def _keep_days(self, at: datetime, _done: Done) -> int:
        """What the portfolio counted on days that are over, each in a transaction of its own."""
        with self._database.read() as session:
            days = days_to_keep(session, at=at, most=MOST_DAYS)
        for day in days:
            with self._database.write() as session:
                if found := day_to_keep(session, day):
                    keep_day(session, *found)
        return len(days)

    # ------------------------------------------------------------ monitors and incidents

    def _fetching_is_due(self, session: Session, at: datetime) -> bool:
        return self._settings.mlflow is not None and bool(due_for_fetching(session, at=at))

    def _fetch(self, at: datetime, done: Done) -> str:
        """Each monitor by itself: what one cannot fetch is noted with it, and the others follow."""
        with self._database.read() as session:
            waiting = due_for_fetching(session, at=at)
        failed = 0
        for monitor_id in waiting[:MOST_FETCHES]:
            with self._database.write() as session:
                if not leases.extend(session, job="fetching", holder=self._holder, at=self._clock()):
                    break
            found = fetch(
                self._database,
                self._settings.mlflow,
                by=SYSTEM,
                at=self._clock(),
                guide=self._guide,
                monitor_id=monitor_id,
            )
            done.fetched += found.pushed.stored
            failed += bool(found.failure)
        return f"{done.fetched}, and nothing for {failed} of the monitors" if failed else str(done.fetched)

    def _silence_is_due(self, session: Session, at: datetime) -> bool:
        return bool(silent(session, at=at))

    def _note_silence(self, at: datetime, done: Done) -> int:
        """Each monitor in a transaction of its own: killed in between, the others follow with the next go."""
        with self._database.read() as session:
            waiting = silent(session, at=at)
        for monitor_id in waiting:
            with self._database.write() as session:
                done.silent += monitors.record_silence(
                    session, by=SYSTEM, at=at, guide=self._guide, monitor_id=monitor_id
                )
        return done.silent

    def _escalations_are_due(self, session: Session, at: datetime) -> bool:
        return outbox.escalations_due(session, at=at) > 0

    def _escalate(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.escalated = outbox.escalate(session, at=at)
        return done.escalated

    def _remind(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.reminders = outbox.remind(session, at=at)
        return done.reminders

    def _forget(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.forgotten = outbox.forget_old(session, at=at)
        return done.forgotten

    # ------------------------------------------------------------ from the outbox to deliveries

    def _outbox_is_due(self, session: Session, at: datetime) -> bool:
        return outbox.waiting_entries(session, at=at) > 0

    def _take_up(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.told = outbox.take_up(session, at=at, has_mail=self._settings.mail is not None)
        return done.told

    def _digests_are_due(self, session: Session, at: datetime) -> bool:
        return self._settings.mail is not None and bool(outbox.digests_due(session, at=at))

    def _make_digests(self, at: datetime, done: Done) -> int:
        with self._database.write() as session:
            done.digests = outbox.make_digests(session, at=at)
        return done.digests

    # ------------------------------------------------------------ deliveries

    def _deliveries_are_due(self, session: Session, at: datetime) -> bool:
        return outbox.waiting_deliveries(session, at=at) > 0

    def _deliver(self, _at: datetime, done: Done) -> int:
        """One after the other: claimed and committed, sent, noted and committed.

        Killed between the first and the last, the claim runs out and the message goes out again under its key.
        """
        unreachable: set[Medium] = set()
        for number in range(MOST_DELIVERIES):
            at = self._clock()
            with self._database.write() as session:
                if not leases.extend(session, job="deliveries", holder=self._holder, at=at):
                    return number
                claimed = outbox.claim(session, at=at, without=frozenset(unreachable))
            if claimed is None:
                return number
            try:
                reason = self._send(claimed, at)
            except Undelivered as error:
                if error.is_unreachable:
                    unreachable.add(claimed.medium)
                self._note_refused(claimed, error, done)
            except Exception as error:  # noqa: BLE001 - one broken message must not hold up the others
                _log.exception("delivery %s broke", claimed.id)
                said = say("Something broke on our side: {name}.", name=type(error).__name__)
                self._note_refused(claimed, Undelivered(said), done)
            else:
                self._note_done(claimed, reason, done)
        return MOST_DELIVERIES

    def _send(self, claimed: Claimed, at: datetime) -> str:
        """Empty when it was sent; otherwise why there was nothing to send. Raises Undelivered.

        Only the message is in its reader's language: reasons are noted for others to read.
        """
        with self._database.read() as session:
            reads = language_for(session, delivery_id=claimed.id)
            with speaking(reads):
                said = message_for(
                    session,
                    delivery_id=claimed.id,
                    guide=self._guide.here(),
                    at=at,
                    base_url=self._settings.base_url,
                )
        if isinstance(said, Unneeded):
            return said.reason
        if claimed.medium is Medium.MAIL:
            return self._send_mail(claimed, said, reads)
        if not claimed.address:
            return say("The channel was removed.")
        if claimed.medium is Medium.CHAT:
            chats.post(claimed.address, said)
            return ""
        webhooks.post(
            claimed.address,
            claimed.secret,
            key=claimed.key,
            payload=_payload(said, claimed),
            at=at,
            allow_http=self._settings.allow_http_webhooks,
        )
        return ""

    def _send_mail(self, claimed: Claimed, said: Message, reads: str) -> str:
        if not claimed.email:
            return say("The account is not active any more.")
        if self._settings.mail is None:
            raise Undelivered(say("No mail server is set (LIFECYCLE_SMTP_HOST)."), is_unreachable=True)
        made = mail.letter(
            self._settings.mail,
            said,
            key=claimed.key,
            name=claimed.name,
            address=claimed.email,
            at=claimed.created_at,
            choices_url=f"{self._settings.base_url}/notifications",
            reads=reads,
        )
        mail.send(self._settings.mail, made)
        return ""

    def _note_refused(self, claimed: Claimed, error: Undelivered, done: Done) -> None:
        with self._database.write() as session:
            again = outbox.conclude_refused(
                session,
                claimed=claimed,
                at=self._clock(),
                reason=error.reason,
                is_permanent=error.is_permanent,
            )
        if again:
            done.tried_again_later += 1
        else:
            done.failed += 1

    def _note_done(self, claimed: Claimed, reason: str, done: Done) -> None:
        with self._database.write() as session:
            if reason:
                outbox.conclude_dropped(session, claimed=claimed, at=self._clock(), reason=one_line(reason))
            else:
                outbox.conclude_sent(session, claimed=claimed, at=self._clock())
        if reason:
            done.not_needed += 1
        else:
            done.sent += 1


def _payload(said: Message, claimed: Claimed) -> Mapping[str, object]:
    return {
        "kind": said.kind,
        "at": claimed.created_at,
        "project": {"key": said.project_key, "name": said.project} if said.project else None,
        "title": said.title,
        "text": said.lead,
        "url": said.link,
        "data": dict(said.data),
    }


def _now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """The jobs in a thread of a server, every few seconds, until it stops."""

    def __init__(self, jobs: Jobs, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._jobs, self._every = jobs, every_seconds
        self._stopping = threading.Event()
        # A daemon: a server that is asked to stop need not wait for a slow mail server.
        self._thread = threading.Thread(target=self._work, name="lifecycle-jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop and wait a moment; what it was sending then is sent again by the next one."""
        self._stopping.set()
        self._thread.join(STOPS_WITHIN_SECONDS)

    def _work(self) -> None:
        waits_for = ""  # said once, not every few seconds
        while True:
            try:
                self._jobs.run()
                waits_for = ""
            except LifecycleError as error:
                if str(error) != waits_for:
                    _log.warning("the jobs wait: %s", error)
                waits_for = str(error)
            except Exception:  # noqa: BLE001 - the thread lives as long as the server
                _log.exception("the jobs broke")
            if self._stopping.wait(self._every):
                return
