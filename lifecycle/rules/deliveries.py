"""How often a delivery is tried, where one may go at all, and what a channel must look like."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from lifecycle.errors import Invalid
from lifecycle.language import mark, say

# After the first attempt and each one that fails; then it has failed for good. In all: some 22 hours.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
CLAIM_LASTS = timedelta(minutes=5)
DEFAULT_HOUR = 8  # of a digest
LONGEST_ADDRESS = 2_000
LONGEST_NAME = 80
# Reserved by RFC 2606 and RFC 6761: nobody can be reached there. The people of the example live in one of them.
NOWHERE = (".example", ".invalid", ".localhost")


class Way(StrEnum):
    """How a person wants to be told."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    APP = "app"

    @property
    def words(self) -> str:
        return {
            "at_once": say("At once, by e-mail"),
            "digest": say("Once a day, in one e-mail"),
            "app": say("Only here, no e-mail"),
        }[self.value]


class Medium(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"
    CHAT = "chat"

    @property
    def words(self) -> str:
        return {"mail": say("E-mail"), "webhook": "Webhook", "chat": say("Chat")}[self.value]


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"

    @property
    def words(self) -> str:
        return {
            "waiting": say("Waiting"),
            "sending": say("Sending"),
            "sent": say("Sent"),
            "failed": say("Failed"),
            "dropped": say("Not needed"),
        }[self.value]


def next_attempt(attempts: int, at: datetime) -> datetime | None:
    """When to try again after so many attempts; None: it has been tried often enough."""
    return at + WAITS[attempts - 1] if attempts <= len(WAITS) else None


def can_be_reached(email: str | None) -> bool:
    return email is not None and not email.endswith(NOWHERE)


def webhook_problem(address: str, *, allow_http: bool) -> str | None:
    """None for an address that signed messages may go to.

    Plain http shows everybody on the way what is sent: it has to be allowed for the whole installation.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return say("This is not a web address.")
    if parts.scheme not in ("https", "http") or not host or any(sign in address for sign in " \t\r\n\\"):
        return say("Enter a web address such as https://example.org/hooks/lifecycle.")
    if not address.isascii():
        return say("Write the address in its encoded form, without accents or symbols.")
    if parts.username is not None or parts.password is not None:
        return say("Leave user and password out of the address: the signature proves who sends.")
    if parts.fragment:
        return say("Leave out what stands behind “#”: it is never sent.")
    if port == 0:
        return say("This is not a port.")
    if parts.scheme == "http" and not allow_http:
        return say(
            "Use https. Plain http, for a receiver on this machine or inside your own network, has to be allowed "
            "with LIFECYCLE_ALLOW_HTTP_WEBHOOKS=1."
        )
    return None


def host_of(address: str) -> str:
    """What may be shown of a webhook's address: its path may be a secret."""
    return urlsplit(address).netloc


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_channel(name: str, address: str, problem: str | None) -> None:
    """Raises Invalid unless the channel has a name and an address that can be used."""
    problems = {}
    if not name:
        problems[mark("name")] = say("Give it a name by which you will know it in the log.")
    elif len(name) > LONGEST_NAME:
        problems[mark("name")] = say("Use at most {most} characters.", most=LONGEST_NAME)
    if not address:
        problems[mark("address")] = say("Enter the address.")
    elif len(address) > LONGEST_ADDRESS:
        problems[mark("address")] = say("Use at most {most} characters.", most=LONGEST_ADDRESS)
    elif problem:
        problems[mark("address")] = problem
    if problems:
        raise Invalid(problems)
