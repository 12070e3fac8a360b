"""Webhooks: a JSON body that its receiver can trust, because it is signed with a secret the two share."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lifecycle.canonical import canonical_json
from lifecycle.language import say
from lifecycle.notify.undelivered import Undelivered
from lifecycle.rules.deliveries import host_of, is_loopback, webhook_problem

TIMEOUT_SECONDS = 10
READ_AT_MOST = 2_000
# The receiver is busy, or not ready yet: all other answers from 400 to 499 will be the same next time.
TRY_AGAIN = frozenset({408, 425, 429})


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body: docs/notifications.md shows how to check it."""
    signed = f"{timestamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def post(
    address: str, secret: str, *, key: str, payload: Mapping[str, Any], at: datetime, allow_http: bool
) -> None:
    """Send it; returns on any answer from 200 to 299, raises Undelivered otherwise. Follows no redirect."""
    if problem := webhook_problem(address, allow_http=allow_http):
        raise Undelivered(problem, is_permanent=True)
    body, timestamp = canonical_json({**payload, "id": key}).encode(), int(at.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Lifecycle",
        "Lifecycle-Delivery": key,
        "Lifecycle-Timestamp": str(timestamp),
        "Lifecycle-Signature": sign(secret, timestamp, body),
    }
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with _opener(address).open(request, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(READ_AT_MOST)
    except urllib.error.HTTPError as error:
        error.close()
        raise _answered(error.code) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = getattr(error, "reason", None) or error
        words = getattr(said, "strerror", None) or str(said) or type(said).__name__
        raise Undelivered(
            say("{host} cannot be reached: {words}.", host=host_of(address), words=words)
        ) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A receiver decides nothing about where our messages go."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(address: str) -> urllib.request.OpenerDirector:
    host = urllib.request.urlparse(address).hostname or ""  # type: ignore[attr-defined]
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _answered(code: int) -> Undelivered:
    if 300 <= code < 400:
        reason = say(
            "The receiver answered {code}, a redirect; these are not followed. Enter the address "
            "it leads to.",
            code=code,
        )
        return Undelivered(reason, is_permanent=True)
    is_permanent = 400 <= code < 500 and code not in TRY_AGAIN
    return Undelivered(
        say("The receiver answered {code} ({meaning}).", code=code, meaning=_meaning(code)),
        is_permanent=is_permanent,
    )


def _meaning(code: int) -> str:
    return http.client.responses.get(code, "no known answer").lower()
