"""Chat services, all of those that Apprise speaks, each by one address."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lifecycle.language import say
from lifecycle.notify.undelivered import Undelivered
from lifecycle.rules.messages import Message

if TYPE_CHECKING:
    import apprise

TIMEOUT_SECONDS = 20


def address_problem(address: str) -> str | None:
    """None when Apprise knows what to do with this address."""
    if _service().add(address):
        return None
    return say(
        "This is no address that Apprise knows, such as slack://… or msteams://…: see "
        "https://appriseit.com/services/ for the one of your service."
    )


def post(address: str, message: Message) -> None:
    """Send title, first sentence and link; nothing of a project's content. Raises Undelivered."""
    service = _service()
    if not service.add(address):
        raise Undelivered(say("Apprise does not know this address any more."), is_permanent=True)
    body = f"{message.lead}\n{message.link}" if message.link else message.lead
    if not service.notify(title=message.subject, body=body, body_format="text"):
        raise Undelivered(say("The chat service did not take the message; it does not say why."))


def _service() -> apprise.Apprise:
    # Loaded when there is something to send: it takes longer than most commands, and few of them send anything.
    library: Any = import_module("apprise")
    # Nothing is written to disk, and an address never stands in a log as it is: it holds the token.
    asset = library.AppriseAsset(
        app_id="Lifecycle",
        app_desc="Lifecycle",
        secure_logging=True,
        storage_mode=library.PersistentStoreMode.MEMORY,
        service_timeout=TIMEOUT_SECONDS,
    )
    service: apprise.Apprise = library.Apprise(asset=asset)
    return service
