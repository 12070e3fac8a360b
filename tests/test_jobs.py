"""Messages arrive: at a real mail server and a real HTTP receiver, once, whatever happens on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from lifecycle.actions import deliveries, leases, people, projects, reviews
from lifecycle.jobs import Done, Jobs
from lifecycle.rules.deliveries import WAITS, Medium, Way
from lifecycle.settings import Mail, Settings
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Delivery, JobLease, Outbox, PersonRow
from lifecycle.vocabulary import Gate, Role
from scripts.serving import ROOT, free_port, serving
from tests import factories as make
from tests.clock import START, Clock
from tests.receivers import (
    HttpServer,
    MailServer,
    Posted,
    http_server,
    mail_server,
    make_certificate,
    secure_mail_server,
    silent_server,
)
from tests.screens import Screens, in_folder

PRIVACY, LEGAL = Role.PRIVACY, Role.LEGAL
BASE = "https://lifecycle.example.org"


@dataclass
class World:
    """A project called Orders, its people, and the jobs over its database."""

    database: Database
    url: str
    cast: make.Cast
    project_id: int
    clock: Clock
    mail: Mail | None = None

    def jobs(self) -> Jobs:
        settings = Settings(self.url, public_url=BASE, mail=self.mail, allow_http_webhooks=True)
        return Jobs(self.database, settings, self.cast.guide, clock=self.clock)

    def run(self) -> Done:
        done = self.jobs().run()
        assert done.broken == []
        return done

    def ask(self, role: Role = PRIVACY, gate: Gate = Gate.DISCOVERY) -> int:
        with self.database.write() as session:
            return make.ask(session, self.cast, self.project_id, gate, role, at=self.clock.now)

    def change(self, action: Callable[..., Any], **arguments: Any) -> Any:
        with self.database.write() as session:
            return action(session, at=self.clock.now, **arguments)

    def deliveries(self) -> list[Delivery]:
        with self.database.read() as session:
            return list(session.exec(select(Delivery).order_by(col(Delivery.id))))

    def states(self) -> list[str]:
        return [one.state for one in self.deliveries()]

    def add_webhook(self, url: str) -> str:
        return str(
            self.change(
                deliveries.add_channel,
                by=self.cast.ada,
                medium=Medium.WEBHOOK,
                name="Build",
                address=url,
                allow_http=True,
            )
        )


@pytest.fixture
def world(database: Database, database_url: str, clock: Clock) -> World:
    with database.write() as session:
        everybody = make.cast(session)
        project_id = make.project(session, everybody)
    return World(database, database_url, everybody, project_id, clock)


@pytest.fixture
def inbox(world: World) -> Iterator[MailServer]:
    with mail_server() as server:
        world.mail = server.settings
        yield server


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


def text_of(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())


# ---------------------------------------------------------------- mail


def test_request_says_what_changed_and_leads_straight_to_the_decision(
    world: World, inbox: MailServer
) -> None:
    with world.database.write() as session:
        make.answer(session, world.cast, world.project_id, "D25", {"personal": False})
        make.sign(session, world.cast, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.run()
    inbox.letters.clear()

    with world.database.write() as session:
        personal = {"personal": True, "categories": ["contact"]}
        make.answer(session, world.cast, world.project_id, "D25", personal)
        make.answer(session, world.cast, world.project_id, "D12", "informs")  # privacy does not rely on it
        review_id = reviews.request(
            session,
            by=world.cast.pat,
            at=START,
            guide=world.cast.guide,
            project_id=world.project_id,
            gate=Gate.DESIGN,
            role=PRIVACY,
            person_key=world.cast[PRIVACY].key,
            due_on=START.date() + timedelta(days=9),
            message="Customers' addresses came in.\nPlease look soon.",
        )
    world.run()

    (letter,) = [one for one in inbox.letters if "please review" in one["Subject"]]
    assert letter["Subject"] == "Orders: please review as Privacy"
    assert letter["To"] == "Priya <priya@example.org>"
    text = text_of(letter)
    assert "Pat asks you to" in text
    assert "by 2026-03-11" in text
    assert "Please look soon." in text
    assert re.search(r"\(D25\): .*No.* → .*[Cc]ontact", text), text
    assert "D12" not in text
    assert f"{BASE}/review?review={review_id}" in text.split()
    assert f'href="{BASE}/review?review={review_id}"' in html_of(letter)
    assert f"{BASE}/notifications" in text


@pytest.mark.once
def test_what_people_wrote_cannot_make_a_header_or_markup(world: World, inbox: MailServer) -> None:
    key = world.cast[PRIVACY].key
    with world.database.write() as session:
        person = session.get_one(PersonRow, key)
        person.name = "Zoë\r\nBcc: x@example.org\r\n\r\nŁukasz 東京"
        projects.edit(
            session,
            by=world.cast.pat,
            at=START,
            project_id=world.project_id,
            name="Orders <script>alert(1)</script> Grüße",
            purpose="",
            organisation="",
            base=1,
        )
    world.ask()
    world.run()
    (letter,) = inbox.letters
    assert inbox.recipients == ["priya@example.org"]
    assert letter["Bcc"] is None
    assert letter["To"].addresses[0].display_name == "Zoë Bcc: x@example.org Łukasz 東京"
    assert letter["Subject"].startswith("Orders <script>alert(1)</script> Grüße: please review")
    assert "<script>" not in html_of(letter)
    assert "&lt;script&gt;" in html_of(letter)


@pytest.mark.once
@pytest.mark.parametrize(
    "address", ["priya", "priya@@example.org", "a b@example.org", "x@example.org\nBcc: y@z.org"]
)
def test_address_that_is_none_fails_in_a_sentence(world: World, inbox: MailServer, address: str) -> None:
    with world.database.write() as session:
        session.get_one(PersonRow, world.cast[PRIVACY].key).email = address
    world.ask()
    assert world.run().failed == 1
    (row,) = world.deliveries()
    assert "is no address for e-mail" in row.last_error
    assert inbox.letters == []


@pytest.mark.once
def test_accented_address_arrives(world: World, inbox: MailServer) -> None:
    with world.database.write() as session:
        session.get_one(PersonRow, world.cast[PRIVACY].key).email = "žofie@example.org"
    world.ask()
    assert world.run().sent == 1
    assert inbox.recipients == ["žofie@example.org"]


@pytest.mark.once
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_mail_goes_encrypted_and_never_to_a_server_that_cannot_prove_itself(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with secure_mail_server(certificate, "lifecycle", "hush-hush") as inbox:
        right = replace(inbox.settings, security="starttls", user="lifecycle", password="hush-hush")
        world.mail = right
        world.ask()
        assert world.run().sent == 0
        assert "certificate verify failed" in world.deliveries()[0].last_error

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        world.clock.pass_by(minutes=1)
        world.mail = replace(right, password="wrong")
        assert world.run().sent == 0
        assert "refuses the user or the password" in world.deliveries()[0].last_error

        world.clock.pass_by(minutes=5)
        world.mail = replace(right, security="none", user="")
        assert world.run().failed == 1, "the server takes nothing in the clear"
        assert inbox.letters == []

        world.mail = right
        world.change(deliveries.replay, by=world.cast.ada, delivery_id=1)
        assert world.run().sent == 1
        assert inbox.recipients == ["priya@example.org"]


# ---------------------------------------------------------------- retries


def test_refused_connection_is_tried_again_until_it_arrives(world: World) -> None:
    port = free_port()
    world.mail = Mail("127.0.0.1", port, "lifecycle@example.org", "Lifecycle", "none")
    world.ask()
    world.ask(LEGAL)
    assert world.run().tried_again_later == 1, "the second is not even tried: nothing goes that way just now"
    assert "cannot be reached" in world.deliveries()[0].last_error
    assert [one.attempts for one in world.deliveries()] == [1, 0]

    with mail_server(port) as inbox:
        assert world.run().sent == 1
        world.clock.pass_by(minutes=1)
        assert world.run().sent == 1
        assert sorted(inbox.recipients) == ["leo@example.org", "priya@example.org"]
    assert world.states() == ["sent", "sent"]


def test_temporary_refusal_is_tried_again_and_a_final_one_is_not(world: World, inbox: MailServer) -> None:
    inbox.refusals[:] = ["451 try later", "550 no such person"]
    world.ask()
    assert world.run().tried_again_later == 1
    assert world.run().sent == 0, "not before its time"
    world.clock.pass_by(minutes=1)
    assert world.run().failed == 1
    (row,) = world.deliveries()
    assert (row.state, row.attempts) == ("failed", 2)
    assert "550" in row.last_error
    assert inbox.letters == []


def test_attempts_are_bounded_and_replay_begins_anew_with_the_same_id(
    world: World, inbox: MailServer
) -> None:
    world.ask()
    for wait in WAITS:
        inbox.refusals[:] = ["421 busy"]
        assert world.run().tried_again_later == 1
        world.clock.pass_by(seconds=wait.total_seconds())
    inbox.refusals[:] = ["421 busy"]
    assert world.run().failed == 1
    (row,) = world.deliveries()
    assert row.attempts == len(WAITS) + 1
    world.clock.pass_by(days=9)
    assert world.run().sent == 0

    world.change(deliveries.replay, by=world.cast.ada, delivery_id=row.id)
    assert world.run().sent == 1
    world.change(deliveries.replay, by=world.cast.ada, delivery_id=row.id)
    assert world.run().sent == 1
    first, second = inbox.letters
    assert first["Message-ID"] == second["Message-ID"] == f"<{row.key}@example.org>"


# ---------------------------------------------------------------- webhooks and chats


def verify(secret: str, posted: Posted) -> bool:
    """As docs/notifications.md shows it."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs/notifications.md").read_text("utf-8"), re.DOTALL)
    assert found
    space: dict[str, Any] = {}
    exec(found[1], space)
    return bool(space["is_from_lifecycle"](secret, posted.headers, posted.body, now=START.timestamp()))


@pytest.mark.once
def test_webhook_is_signed_and_its_receiver_can_tell(world: World, receiver: HttpServer) -> None:
    secret = world.add_webhook(receiver.url)
    world.ask()
    assert world.run().sent == 1
    (posted,) = receiver.posted
    (row,) = world.deliveries()
    said = json.loads(posted.body)
    assert said["id"] == posted.headers["Lifecycle-Delivery"] == row.key
    assert (said["kind"], said["project"]) == ("review.requested", {"key": "orders", "name": "Orders"})
    assert said["data"] == {"gate": "discovery", "role": "privacy"}
    assert said["url"].startswith(BASE)
    assert verify(secret, posted)
    assert not verify("whsec_other", posted)
    assert not verify(secret, Posted(posted.path, posted.headers, posted.body + b" "))
    old = {**posted.headers, "Lifecycle-Timestamp": str(int(START.timestamp()) - 3_600)}
    assert not verify(secret, Posted(posted.path, old, posted.body))


@pytest.mark.once
def test_no_content_of_a_project_goes_to_a_channel(world: World, receiver: HttpServer) -> None:
    world.add_webhook(receiver.url)
    world.change(
        reviews.request,
        by=world.cast.pat,
        guide=world.cast.guide,
        project_id=world.project_id,
        gate=Gate.DISCOVERY,
        role=PRIVACY,
        person_key=world.cast[PRIVACY].key,
        message="Between us: the vendor is late",
    )
    world.run()
    assert b"vendor" not in receiver.posted[0].body


def test_webhook_is_tried_again_after_a_fault_and_not_after_a_refusal_or_redirect(
    world: World, receiver: HttpServer
) -> None:
    world.add_webhook(receiver.url)
    receiver.answers[:] = [503, 429, 204, 410, 302]
    world.ask()
    assert world.run().tried_again_later == 1
    world.clock.pass_by(minutes=1)
    assert world.run().tried_again_later == 1
    world.clock.pass_by(minutes=5)
    assert world.run().sent == 1
    assert len({posted.headers["Lifecycle-Delivery"] for posted in receiver.posted}) == 1

    world.ask(LEGAL)
    assert world.run().failed == 1
    world.ask(Role.COMPLIANCE)
    assert world.run().failed == 1
    assert [one.last_error for one in world.deliveries()[1:]] == [
        "The receiver answered 410 (gone).",
        "The receiver answered 302, a redirect; these are not followed. Enter the address it leads to.",
    ]
    assert {posted.path for posted in receiver.posted} == {"/hook"}


def test_removed_channel_gets_nothing_more(world: World, receiver: HttpServer) -> None:
    world.add_webhook(receiver.url)
    world.ask()
    with world.database.write() as session:
        from_outbox = world.jobs()
        del from_outbox
        deliveries.send_test(session, by=world.cast.ada, at=START, channel_id=1)
        deliveries.remove_channel(session, by=world.cast.ada, at=START, channel_id=1)
    assert world.run().not_needed == 1
    assert receiver.posted == []
    assert world.deliveries()[0].last_error == "The channel was removed."


@pytest.mark.once
def test_chat_is_reached_through_apprise(world: World, receiver: HttpServer) -> None:
    address = receiver.url.replace("http://", "json://")
    world.change(
        deliveries.add_channel, by=world.cast.ada, medium=Medium.CHAT, name="Team room", address=address
    )
    world.ask()
    assert world.run().sent == 1
    said = json.loads(receiver.posted[0].body)
    assert said["title"] == "Orders: please review as Privacy"
    assert f"{BASE}/review?review=1" in said["message"]
    receiver.answers[:] = [500]
    world.ask(LEGAL)
    assert world.run().tried_again_later == 1


# ---------------------------------------------------------------- only what matters, only to whom it may


def test_request_that_was_taken_back_is_not_sent_any_more(world: World) -> None:
    world.mail = Mail("127.0.0.1", free_port(), "lifecycle@example.org", "Lifecycle", "none")
    review_id = world.ask()
    world.run()
    world.change(reviews.cancel, by=world.cast.pat, guide=world.cast.guide, review_id=review_id)
    world.clock.pass_by(minutes=2)
    with mail_server(world.mail.port) as inbox:
        world.run()
        assert inbox.subjects() == ["Orders: the request to review as Privacy was taken back"]
    assert world.deliveries()[0].last_error == "The review is closed."


@pytest.mark.parametrize("gone", [people.deactivate, people.erase])
def test_who_leaves_while_a_message_waits_gets_nothing(
    world: World, inbox: MailServer, gone: Callable[..., None]
) -> None:
    inbox.refusals[:] = ["421 busy"]
    world.ask()
    world.run()
    world.change(gone, by=world.cast.ada, person_key=world.cast[PRIVACY].key)
    world.clock.pass_by(minutes=2)
    assert world.run().not_needed == 1
    assert inbox.letters == []


def test_digest_groups_by_project_and_comes_once_a_day(world: World, inbox: MailServer) -> None:
    world.change(deliveries.choose, by=world.cast[PRIVACY], way=Way.DIGEST, digest_hour=16)
    with world.database.write() as session:
        other = make.project(session, world.cast, "Returns")
        make.ask(session, world.cast, other, Gate.DISCOVERY, PRIVACY)
    world.ask()
    world.ask(gate=Gate.DESIGN)
    world.run()
    assert inbox.letters == []
    world.clock.now = START.replace(hour=16)
    assert world.run().digests == 1
    (letter,) = inbox.letters
    assert letter["Subject"] == "3 things in 2 projects"
    text = text_of(letter)
    assert text.index("Orders:") < text.index("Returns:")
    for review_id in (1, 2, 3):
        assert f"{BASE}/review?review={review_id}" in text
    world.clock.pass_by(days=1)
    assert world.run().digests == 0


def test_stale_sign_off_is_told_with_the_change(world: World, inbox: MailServer) -> None:
    with world.database.write() as session:
        make.answer(session, world.cast, world.project_id, "D25", {"personal": False})
        make.sign(session, world.cast, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.run()
    inbox.letters.clear()
    with world.database.write() as session:
        make.answer(
            session, world.cast, world.project_id, "D25", {"personal": True, "categories": ["contact"]}
        )
    world.clock.pass_by(minutes=6)
    world.run()
    (letter,) = inbox.letters
    assert letter["Subject"] == "Orders: what you signed as Privacy has changed"
    assert letter["To"].addresses[0].addr_spec == "priya@example.org"
    assert re.search(r"\(D25\): .* → .*", text_of(letter))


# ---------------------------------------------------------------- exactly once


def test_killed_between_claim_and_send_it_is_delivered_once_by_the_next(world: World) -> None:
    world.clock.now = datetime.now(START.tzinfo)  # which is the time of the other process
    world.ask()
    with silent_server() as port:
        environment = {**os.environ, "LIFECYCLE_DATABASE_URL": world.url}
        with mail_server() as unused:
            environment.update({**unused.environment, "LIFECYCLE_SMTP_PORT": str(port)})
        tick = subprocess.Popen(
            [sys.executable, "-m", "lifecycle", "tick"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL
        )
        while "sending" not in world.states():
            assert tick.poll() is None, "the tick ended before it sent"
        tick.send_signal(signal.SIGKILL)
        tick.wait(20)

    world.clock.now = datetime.now(START.tzinfo)
    with mail_server() as inbox:
        world.mail = inbox.settings
        assert world.run().sent == 0, "it may be on its way still"
        world.clock.pass_by(minutes=6)
        assert world.run().sent == 1
        assert world.run().sent == 0
        world.clock.pass_by(days=1)
        world.run()
        first = f"<{world.deliveries()[0].key}@example.org>"
        assert [one["Message-ID"] for one in inbox.letters].count(first) == 1  # reminders may have come since


def test_workers_at_once_deliver_each_message_once(world: World, inbox: MailServer) -> None:
    for gate in (Gate.DISCOVERY, Gate.DESIGN):
        for role in (PRIVACY, LEGAL, Role.COMPLIANCE):
            world.ask(role, gate)
    with ExitStack() as opened, ThreadPoolExecutor(4) as pool:
        databases = [open_database(world.url) for _ in range(4)]
        for database in databases:
            opened.callback(database.dispose)
        settings = Settings(world.url, public_url=BASE, mail=world.mail)
        workers = [Jobs(one, settings, world.cast.guide, clock=world.clock) for one in databases]
        for _ in range(3):
            list(pool.map(Jobs.run, workers))
    world.run()
    assert len(inbox.letters) == 6
    assert len({letter["Message-ID"] for letter in inbox.letters}) == 6


def test_one_holder_runs_a_job_until_it_gives_back_or_its_time_is_over(world: World) -> None:
    with world.database.write() as session:
        assert leases.take(session, job="x", holder="a", at=START)
        assert not leases.take(session, job="x", holder="b", at=START)
        assert leases.take(session, job="x", holder="b", at=START + leases.LASTS)
        assert not leases.extend(session, job="x", holder="a", at=START + leases.LASTS)
        leases.give_back(session, job="x", holder="a", at=START, said="")
        assert session.get_one(JobLease, "x").holder == "b"


# ---------------------------------------------------------------- the server and the command


@pytest.mark.once
def test_server_does_it_by_itself_and_can_be_told_not_to(tmp_path: Path) -> None:
    screens = in_folder(tmp_path)
    with screens.database.write() as session:
        make.ask(session, screens.cast, screens.project_id, Gate.DISCOVERY, PRIVACY)
    with mail_server() as inbox:
        with serving(tmp_path, environment={**inbox.environment, "LIFECYCLE_JOBS": "off"}):
            assert [one.taken_at for one in _entries(screens)] == [None]
        with serving(tmp_path, environment=inbox.environment) as server:
            while "priya@example.org" not in inbox.recipients:
                assert server.process.poll() is None, server.output()
    screens.database.dispose()


def _entries(screens: Screens) -> list[Outbox]:
    with screens.database.read() as session:
        return list(session.exec(select(Outbox).where(col(Outbox.kind) == "review.requested")))


def tick(world: World, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lifecycle", "tick", *arguments],
        cwd=ROOT,
        env={**os.environ, "LIFECYCLE_DATABASE_URL": world.url, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.once
def test_tick_says_what_it_did_and_exits_as_the_other_commands_do(world: World) -> None:
    world.clock.now = datetime.now(START.tzinfo)  # which is the time of the command
    world.ask()
    with mail_server() as inbox:
        told = tick(
            world, "--json", **inbox.environment, LIFECYCLE_SMTP_PASSWORD="hush-hush", LIFECYCLE_SMTP_USER=""
        )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["sent"] == 1
    assert inbox.recipients == ["priya@example.org"]
    assert "hush-hush" not in told.stdout + told.stderr
    again = tick(world)
    assert (again.returncode, again.stdout.strip()) == (0, "Nothing was due.")
    wrong = tick(world, LIFECYCLE_SMTP_HOST="mail.example.org", LIFECYCLE_SMTP_SENDER="nobody")
    assert wrong.returncode == 1
    assert "LIFECYCLE_SMTP_SENDER must be the address" in wrong.stderr
    assert "Traceback" not in wrong.stderr
