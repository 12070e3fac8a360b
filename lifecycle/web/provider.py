"""An OpenID Connect provider as we ask it: discovery, authorisation with PKCE, the code for a checked ID token.

Everything here blocks and belongs into a thread. What the provider says is not believed before it is checked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from lifecycle.language import say
from lifecycle.settings import IdentityProvider, is_safe_address

LOG = logging.getLogger(__name__)
TIMEOUT = (3.05, 10.0)  # seconds to connect, and between bytes
DISCOVERY_LASTS, KEYS_LAST, KEYS_LAST_AT_LEAST = 3_600.0, 3_600.0, 10.0
LEEWAY = 60  # seconds by which the clocks may differ
# Signatures with a key of the provider's own; never none, never one made with our shared secret.
ALGORITHMS = (
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
)  # fmt: skip
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderGone(Exception):
    """It cannot be reached, or answers nonsense. `str()` is a sentence for the screen."""


class ProviderRefused(Exception):
    """What came back is no sign-in to rely on. `str()` is a sentence for the screen."""


class Provider:
    """One provider, its addresses and keys kept for an hour."""

    def __init__(self, settings: IdentityProvider) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] | None = None
        self._metadata_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    def authorisation_address(
        self, *, redirect_uri: str, state: str, nonce: str, verifier: str, anew: bool
    ) -> str:
        """Where to send the browser. `anew`: the provider asks who it is although it knows."""
        more: dict[str, Any] = {"prompt": "login", "max_age": 0} if anew else {}
        with self._client(redirect_uri) as client:
            address, _ = client.create_authorization_url(
                self._found()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                **more,
            )
        return str(address)

    def redeem(self, *, redirect_uri: str, code: str, nonce: str, verifier: str) -> Mapping[str, object]:
        """The checked claims of whoever signed in. Raises ProviderGone or ProviderRefused."""
        metadata = self._found()
        with self._client(redirect_uri) as client:
            try:
                token = client.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=verifier,
                    grant_type="authorization_code",
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
            except OAuthError as error:
                LOG.warning("The identity provider took no code: %s", _word(error.error))
                raise ProviderRefused(
                    say("{provider} did not accept this sign-in. Begin it again.", provider=self._title)
                ) from None
            except (requests.RequestException, ValueError, KeyError) as error:
                raise self._gone(error) from None
        claims = self._checked(token, nonce)
        return {**self._user_information(token, claims), **claims}

    def sign_out_address(self, back: str) -> str | None:
        """Where to end the session at the provider too; None when it offers no such address."""
        address = self._found().get("end_session_endpoint")
        if not isinstance(address, str) or not is_safe_address(address, with_query=True):
            return None
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    # ------------------------------------------------------------ what it says of itself

    def _found(self) -> Mapping[str, Any]:
        with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata_at > DISCOVERY_LASTS:
                self._metadata = self._discover()
                self._metadata_at = time.monotonic()
            return self._metadata

    def _discover(self) -> Mapping[str, Any]:
        found = self._ask(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.settings.issuer.rstrip("/"):
            raise ProviderGone(
                say("{provider} calls itself by another address than the settings do.", provider=self._title)
            )
        for name in _ENDPOINTS:
            if not is_safe_address(str(found.get(name, "")), with_query=True):
                raise ProviderGone(
                    say("{provider} names no https address as its {name}.", provider=self._title, name=name)
                )
        return found

    def _current_keys(self, *, anew: bool = False) -> KeySet:
        """`anew`: a key was not among them; the provider may have changed its keys."""
        lasts = KEYS_LAST_AT_LEAST if anew else KEYS_LAST
        with self._lock:
            if self._keys is not None and time.monotonic() - self._keys_at <= lasts:
                return self._keys
        found = self._ask(self._found()["jwks_uri"])
        try:
            keys = KeySet.import_key_set(found)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise self._gone(error) from None
        with self._lock:
            self._keys, self._keys_at = keys, time.monotonic()
        return keys

    # ------------------------------------------------------------ what it says of somebody

    def _checked(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, object]:
        try:
            decoded = self._decoded(token.get("id_token"))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "values": [self._found()["issuer"]]},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            LOG.warning("The identity provider's token was not accepted: %s", type(error).__name__)
            raise ProviderRefused(
                say(
                    "{provider} sent a sign-in that cannot be relied on. Begin again; tell an administrator "
                    "if it stays.",
                    provider=self._title,
                )
            ) from None
        return dict(claims)

    def _decoded(self, id_token: object) -> jwt.Token:
        if not isinstance(id_token, str):
            raise ValueError("no ID token")
        offered = self._found().get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in ALGORITHMS if name in offered]
        try:
            return jwt.decode(id_token, self._current_keys(), algorithms=algorithms)
        except InvalidKeyIdError:
            return jwt.decode(id_token, self._current_keys(anew=True), algorithms=algorithms)

    def _user_information(
        self, token: Mapping[str, Any], claims: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What the ID token left out, asked of the provider; only if it speaks of the same person."""
        address = self._found().get("userinfo_endpoint")
        complete = {"email", self.settings.groups_claim} <= claims.keys()
        if complete or not isinstance(address, str) or not is_safe_address(address, with_query=True):
            return {}
        found = self._ask(address, bearer=str(token.get("access_token", "")))
        return found if found.get("sub") == claims.get("sub") else {}

    # ------------------------------------------------------------ asking

    def _client(self, redirect_uri: str) -> OAuth2Session:
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret or None,
            token_endpoint_auth_method=self._way_to_prove_ourselves(),
            scope=self.settings.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _way_to_prove_ourselves(self) -> str:
        if not self.settings.client_secret:
            return "none"
        offered = self._found().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"

    def _ask(self, address: str, *, bearer: str = "") -> Mapping[str, Any]:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        try:
            answer = requests.get(address, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise self._gone(error) from None
        if not isinstance(found, dict):
            raise self._gone(ValueError("no object"))
        return found

    def _gone(self, error: Exception) -> ProviderGone:
        LOG.warning("The identity provider cannot be asked: %s", type(error).__name__)
        return ProviderGone(
            say(
                "{provider} cannot be reached just now. Nothing is lost; try again in a moment.",
                provider=self._title,
            )
        )

    @property
    def _title(self) -> str:
        return self.settings.title


def _word(said: object) -> str:
    """An error code of the provider's, fit for a log line."""
    return "".join(letter for letter in str(said)[:60] if letter.isalnum() or letter in "_-")
