"""Settings from the environment, read once at the edge and passed inwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MAIL_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Mail:
    """The server that sends e-mail. `security` is starttls, ssl (from the first byte) or none."""

    host: str
    port: int
    sender: str
    sender_name: str
    security: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mlflow:
    """The tracking server that monitors may read from: one, chosen by whoever runs this."""

    url: str
    token: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """The OpenID Connect provider that people sign in with. The three groups decide the organisation role.

    Without any named group the administrators of Lifecycle give the roles. `members` named lets in nobody else.
    `vouches_for_addresses`: an address counts though the provider does not say that it was verified.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""
    scopes: str = "openid email profile"
    groups_claim: str = "groups"
    administrators: frozenset[str] = frozenset()
    leadership: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    vouches_for_addresses: bool = False

    @property
    def title(self) -> str:
        """What its button says."""
        return self.name or urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how the server is reached. Sizes are in megabytes, ages in hours."""

    database_url: str
    address: str = "127.0.0.1"
    port: int = 8501
    guide_folder: Path = PROJECT_ROOT / "data" / "guide"
    own_guide: Path | None = None  # what the organisation adds to the guide
    public_url: str | None = None
    trust_proxy: bool = False
    session_idle_hours: float = 12
    session_absolute_hours: float = 24 * 14
    largest_import_megabytes: int = 50
    evidence_url: str | None = None  # a path or URL; None: the folder beside the database
    largest_evidence_megabytes: int = 200
    uploads: Path | None = None  # where a brought file waits until it is imported; None: beside the database
    api_requests_per_minute: int = 6_000  # of one token
    largest_api_megabytes: int = 10
    development: bool = False
    logs_json: bool = False
    logs_requests: bool = False
    metrics_token: str = field(default="", repr=False)  # without: programs on this machine alone
    jobs: bool = True
    mail: Mail | None = None
    mlflow: Mlflow | None = None
    provider: IdentityProvider | None = None
    local_accounts: bool = True  # sign-in with a password
    allow_http_webhooks: bool = False
    knows_address: bool = (
        True  # False: nobody said the port or the public address, and `base_url` is the usual one
    )

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")


def console_language(environment: Mapping[str, str] | None = None) -> str:
    """What the command line and a starting server speak; never the machine's language: scripts read what they print."""
    values = os.environ if environment is None else environment
    return values.get("LIFECYCLE_LANGUAGE", "").strip().lower()


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from environment variables; a wrong one raises ValueError with a sentence naming it."""
    values = os.environ if environment is None else environment
    provider = _provider(values)
    default_database = f"sqlite:///{PROJECT_ROOT / 'data' / 'lifecycle.db'}"
    return Settings(
        database_url=values.get("LIFECYCLE_DATABASE_URL") or default_database,
        address=values.get("LIFECYCLE_ADDRESS", "127.0.0.1"),
        port=_port(values.get("PORT") or "8501"),
        guide_folder=Path(values.get("LIFECYCLE_GUIDE") or PROJECT_ROOT / "data" / "guide"),
        own_guide=_own_guide(values),
        public_url=values.get("LIFECYCLE_PUBLIC_URL") or None,
        trust_proxy=values.get("LIFECYCLE_TRUST_PROXY", "") == "1",
        session_idle_hours=_hours(values, "LIFECYCLE_SESSION_IDLE_HOURS", 12),
        session_absolute_hours=_hours(values, "LIFECYCLE_SESSION_HOURS", 24 * 14),
        provider=provider,
        local_accounts=_local_accounts(values, provider),
        evidence_url=values.get("LIFECYCLE_EVIDENCE_URL") or None,
        uploads=Path(values["LIFECYCLE_UPLOADS"]) if values.get("LIFECYCLE_UPLOADS") else None,
        largest_evidence_megabytes=_megabytes(values, "LIFECYCLE_EVIDENCE_MEGABYTES", 200),
        api_requests_per_minute=_whole(values, "LIFECYCLE_API_PER_MINUTE", 6_000, most=1_000_000),
        largest_api_megabytes=_megabytes(values, "LIFECYCLE_API_MEGABYTES", 10),
        logs_json=_one_of("LIFECYCLE_LOG", values, ("text", "json")) == "json",
        logs_requests=_one_of("LIFECYCLE_LOG_REQUESTS", values, ("off", "on")) == "on",
        metrics_token=values.get("LIFECYCLE_METRICS_TOKEN", "").strip(),
        development=values.get("LIFECYCLE_DEVELOPMENT", "") == "1",
        jobs=_on_or_off("LIFECYCLE_JOBS", values),
        mail=_mail(values),
        mlflow=_mlflow(values),
        allow_http_webhooks=values.get("LIFECYCLE_ALLOW_HTTP_WEBHOOKS", "") == "1",
        knows_address=bool(values.get("LIFECYCLE_PUBLIC_URL") or values.get("PORT")),
    )


def _own_guide(values: Mapping[str, str]) -> Path | None:
    """The file that is named, or the one at the usual place when there is one."""
    if named := values.get("LIFECYCLE_OWN_GUIDE"):
        return Path(named)
    usual = PROJECT_ROOT / "data" / "own_guide.yaml"
    return usual if usual.is_file() else None


def _megabytes(values: Mapping[str, str], name: str, otherwise: int) -> int:
    text = values.get(name) or str(otherwise)
    if not text.isdecimal() or not 0 < int(text) <= 2_000:
        raise ValueError(f"{name} must be a whole number of megabytes from 1 to 2000, not “{text}”.")
    return int(text)


def _whole(values: Mapping[str, str], name: str, otherwise: int, *, most: int) -> int:
    text = values.get(name) or str(otherwise)
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}, not “{text}”.")
    return int(text)


def _port(text: str, name: str = "PORT") -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ValueError(f"{name} must be a whole number from 1 to 65535, not “{text}”.")
    return int(text)


def _one_of(name: str, values: Mapping[str, str], allowed: tuple[str, str]) -> str:
    """The first of the two where nothing is said."""
    said = values.get(name) or allowed[0]
    if said not in allowed:
        raise ValueError(f"{name} must be {allowed[0]} or {allowed[1]}, not “{said}”.")
    return said


def _on_or_off(name: str, values: Mapping[str, str]) -> bool:
    said = values.get(name) or "on"
    if said not in ("on", "off"):
        raise ValueError(f"{name} must be on or off, not “{said}”.")
    return said == "on"


def _mail(values: Mapping[str, str]) -> Mail | None:
    """None without LIFECYCLE_SMTP_HOST: then nothing is sent by mail."""
    host = values.get("LIFECYCLE_SMTP_HOST", "").strip()
    if not host:
        return None
    security = values.get("LIFECYCLE_SMTP_SECURITY") or "starttls"
    if security not in MAIL_PORTS:
        raise ValueError(f"LIFECYCLE_SMTP_SECURITY must be starttls, ssl or none, not “{security}”.")
    port = _port(values.get("LIFECYCLE_SMTP_PORT") or str(MAIL_PORTS[security]), "LIFECYCLE_SMTP_PORT")
    name, sender = parseaddr(values.get("LIFECYCLE_SMTP_SENDER", ""))
    if not sender.isascii() or not all(sender.rpartition("@")) or any(mark.isspace() for mark in sender):
        raise ValueError(
            "LIFECYCLE_SMTP_SENDER must be the address that messages come from, "
            "such as “Lifecycle <lifecycle@example.org>”."
        )
    user, password = values.get("LIFECYCLE_SMTP_USER", ""), values.get("LIFECYCLE_SMTP_PASSWORD", "")
    if password and security == "none" and not _is_this_machine(host):
        raise ValueError(
            "LIFECYCLE_SMTP_SECURITY=none would send the password readable through the network: "
            "use starttls or ssl."
        )
    return Mail(host, port, sender, name or "Lifecycle", security, user, password)


def _mlflow(values: Mapping[str, str]) -> Mlflow | None:
    """None without LIFECYCLE_MLFLOW_URL: then no readings are fetched."""
    url = values.get("LIFECYCLE_MLFLOW_URL", "").strip().rstrip("/")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_fine = False
    if not is_fine or parts.username or parts.query or parts.fragment:
        raise ValueError(
            "LIFECYCLE_MLFLOW_URL must be the address of the tracking server, such as "
            "“https://mlflow.example.org”, without a password in it."
        )
    token = values.get("LIFECYCLE_MLFLOW_TOKEN", "").strip()
    if token and not (token.isascii() and token.isprintable()):
        raise ValueError("LIFECYCLE_MLFLOW_TOKEN must be one line of plain characters.")
    if token and parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        raise ValueError("LIFECYCLE_MLFLOW_URL would send the token readable through the network: use https.")
    return Mlflow(url, token)


def _hours(values: Mapping[str, str], name: str, otherwise: float) -> float:
    text = values.get(name) or str(otherwise)
    try:
        hours = float(text)
    except ValueError:
        hours = -1
    if not 0 < hours <= 24 * 365:
        raise ValueError(f"{name} must be a number of hours above 0, at most 8760, not “{text}”.")
    return hours


def _provider(values: Mapping[str, str]) -> IdentityProvider | None:
    """None without LIFECYCLE_OIDC_ISSUER: then people sign in with a password of their own."""
    issuer = values.get("LIFECYCLE_OIDC_ISSUER", "").strip()
    if not issuer:
        return None
    if not is_safe_address(issuer):
        raise ValueError(
            "LIFECYCLE_OIDC_ISSUER must be the https address of your identity provider, such as "
            f"“https://login.example.org”, not “{issuer}”."
        )
    client_id = values.get("LIFECYCLE_OIDC_CLIENT_ID", "").strip()
    if not client_id:
        raise ValueError(
            "LIFECYCLE_OIDC_CLIENT_ID must be the name under which your provider knows Lifecycle."
        )
    scopes = values.get("LIFECYCLE_OIDC_SCOPES") or "openid email profile"
    if "openid" not in scopes.split():
        raise ValueError(f"LIFECYCLE_OIDC_SCOPES must contain openid, not “{scopes}”.")
    return IdentityProvider(
        issuer=issuer,
        client_id=client_id,
        client_secret=values.get("LIFECYCLE_OIDC_CLIENT_SECRET", "").strip(),
        name=values.get("LIFECYCLE_OIDC_NAME", "").strip()[:60],
        scopes=" ".join(scopes.split()),
        groups_claim=values.get("LIFECYCLE_OIDC_GROUPS_CLAIM", "").strip() or "groups",
        administrators=_names(values, "LIFECYCLE_OIDC_ADMINISTRATORS"),
        leadership=_names(values, "LIFECYCLE_OIDC_LEADERSHIP"),
        members=_names(values, "LIFECYCLE_OIDC_MEMBERS"),
        vouches_for_addresses=values.get("LIFECYCLE_OIDC_TRUST_ADDRESSES", "") == "1",
    )


def _local_accounts(values: Mapping[str, str], provider: IdentityProvider | None) -> bool:
    are_on = _on_or_off("LIFECYCLE_LOCAL_ACCOUNTS", values)
    if not are_on and provider is None:
        raise ValueError(
            "LIFECYCLE_LOCAL_ACCOUNTS=off would lock everybody out: name an identity provider in "
            "LIFECYCLE_OIDC_ISSUER first."
        )
    return are_on


def _names(values: Mapping[str, str], name: str) -> frozenset[str]:
    """Separated by commas."""
    return frozenset(text.strip() for text in values.get(name, "").split(",") if text.strip())


def is_safe_address(url: str, *, with_query: bool = False) -> bool:
    """https, or plain http on this machine; without a password or a fragment, and a query only where it may be."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
    if not is_whole or parts.username or parts.fragment or (parts.query and not with_query):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname or ""))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
