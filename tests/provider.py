"""A small OpenID Connect provider in a process of its own: `python -m tests.provider PORT`.

It keeps the rules that a client relies on (codes once, PKCE, redirect address, client secret) and breaks one of them
when told to, through POST /control: `{"fault": "nonce", "claims": {…}, "authenticated": -3600}`. Whoever arrives is
signed in at once as the person of `claims`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt

from scripts.serving import ROOT, free_port

CLIENT, SECRET = "lifecycle", "a secret of the test's own"
PERSON = {"sub": "4711", "name": "Nia Novak", "email": "nia@example.org", "email_verified": True}


@dataclass
class RunningProvider:
    url: str
    process: subprocess.Popen[bytes]

    def will(self, fault: str = "", *, authenticated: int = 0, **claims: object) -> None:
        """From now on: who is signed in, how long ago, and what goes wrong."""
        told = {"fault": fault, "authenticated": authenticated, "claims": {**PERSON, **claims}}
        _open(urllib.request.Request(f"{self.url}/control", json.dumps(told).encode()))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def running_provider() -> Iterator[RunningProvider]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.provider", str(port)], cwd=ROOT)
    provider = RunningProvider(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(f"{provider.url}/.well-known/openid-configuration", process)
        yield provider
    finally:
        provider.stop()


@contextmanager
def running_mock() -> Iterator[str]:
    """The provider of somebody else, which knows nothing of ours; its address."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://localhost:{port}/.well-known/openid-configuration", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _open(urllib.request.Request(address))
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")


def _open(request: urllib.request.Request) -> None:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).read()


class _Provider(BaseHTTPRequestHandler):
    issuer = ""
    keys = tuple(jwk.RSAKey.generate_key(2048, {"kid": kid}) for kid in ("published", "unknown"))
    told: dict[str, Any] = {"fault": "", "authenticated": 0, "claims": PERSON}
    codes: dict[str, dict[str, str]] = {}

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._say(self._description())
        elif parts.path == "/jwks":
            self._say({"keys": [self.keys[0].as_dict(private=False)]})
        elif parts.path == "/authorize":
            self._authorise(asked)
        elif parts.path == "/userinfo":
            self._say(self.told["claims"])
        else:
            self._say({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/control":
            type(self).told = json.loads(body)
            self._say({})
            return
        self._token({name: values[0] for name, values in parse_qs(body).items()})

    def _description(self) -> dict[str, object]:
        addresses = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "jwks",
            "userinfo_endpoint": "userinfo",
            "end_session_endpoint": "leave",
        }
        return {
            "issuer": self.issuer,
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **{name: f"{self.issuer}/{path}" for name, path in addresses.items()},
        }

    def _authorise(self, asked: dict[str, str]) -> None:
        known = asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"state": asked["state"], **({"code": code} if known else {"error": "invalid_request"})}
        if self.told["fault"] == "denied":
            answer = {"state": asked["state"], "error": "access_denied"}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def _token(self, sent: dict[str, str]) -> None:
        begun = self.codes.pop(sent.get("code", ""), None)
        proof = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {basic}":
            self._say({"error": "invalid_client"}, 401)
        elif (
            begun is None
            or challenge != begun["code_challenge"]
            or sent["redirect_uri"] != begun["redirect_uri"]
        ):
            self._say({"error": "invalid_grant"}, 400)
        else:
            self._say({"access_token": "a", "token_type": "Bearer", "id_token": self._id_token(begun)})

    def _id_token(self, begun: dict[str, str]) -> str:
        fault, now = self.told["fault"], int(time.time())
        claims = {
            **self.told["claims"],
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
        }
        if "max_age" in begun:
            claims["auth_time"] = now + self.told["authenticated"]
        wrong: dict[str, dict[str, object]] = {
            "nonce": {"nonce": "another"},
            "expired": {"iat": now - 900, "exp": now - 600},
            "audience": {"aud": "somebody else"},
            "second audience": {"aud": [CLIENT, "somebody else"], "azp": "somebody else"},
            "issuer": {"iss": "https://elsewhere.example.org"},
            "subject": {"sub": ""},
        }
        claims |= wrong.get(fault, {})
        if fault == "no signature":
            parts = ({"alg": "none"}, claims)
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
                + "."
            )
        if fault == "shared secret":
            key = jwk.OctKey.import_key(SECRET.encode().ljust(32, b"."))
            return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
        key = self.keys[fault == "key"]
        kid = "published" if fault == "forged" else key.kid
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, self.keys[fault in ("key", "forged")])

    def _say(self, content: object, status: int = 200) -> None:
        said = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Silent: the test says what it wants to know."""


if __name__ == "__main__":
    _Provider.issuer = f"http://127.0.0.1:{sys.argv[1]}"
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Provider).serve_forever()
