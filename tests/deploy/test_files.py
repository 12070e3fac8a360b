"""The files for nginx, systemd and containers agree with each other, with docs/deploy.md and with the product."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import Any

import pytest
import yaml

from lifecycle.settings import read_settings
from scripts.serving import ROOT
from tests.deploy.installation import DEPLOY, environment_file, ports_of

pytestmark = pytest.mark.once
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
SERVICE = (DEPLOY / "lifecycle@.service").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, in order, with continued lines joined."""
    lines = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line[:1].isupper())]


def instruction(name: str) -> str:
    return next(rest for found, rest in reversed(instructions()) if found == name)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def servers(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in compose["services"].items() if each.get("image") == "lifecycle"}


def test_the_document_names_every_file_and_no_other() -> None:
    named = set(re.findall(r"deploy/([\w.@-]+)\b", DOCUMENT)) - {"tls"}
    assert named == {file.name for file in DEPLOY.iterdir() if file.is_file()}


def test_the_product_takes_the_settings_and_knows_each_of_them() -> None:
    given = environment_file()
    settings = read_settings(given)
    assert settings.trust_proxy
    assert settings.public_url == "https://lifecycle.example.org"
    known = (ROOT / "lifecycle" / "settings.py").read_text("utf-8")
    assert [name for name in given if f'"{name}"' not in known] == []


def test_nginx_takes_what_the_product_takes_and_is_called_as_the_settings_say() -> None:
    largest = read_settings(environment_file()).largest_evidence_megabytes
    allowed = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert allowed
    assert largest < int(allowed[1]) < 1.1 * largest
    public = read_settings(environment_file()).base_url.removeprefix("https://")
    assert set(re.findall(r"server_name (\S+);", NGINX)) == {public}


def test_systemd_starts_a_server_at_each_address_that_nginx_knows() -> None:
    instances = re.findall(r"lifecycle@(\d+)", SERVICE)
    assert instances == ports_of(NGINX)
    assert set(instances) <= set(re.findall(r"lifecycle@(\d+)", DOCUMENT))
    # What they write to is the only place that systemd lets them write to.
    (writable,) = re.findall(r"^ReadWritePaths=(\S+)$", SERVICE, re.MULTILINE)
    given = environment_file()
    for name in ("LIFECYCLE_EVIDENCE_URL", "LIFECYCLE_UPLOADS"):
        assert given[name].startswith(f"{writable}/")


def test_image_starts_the_product_as_systemd_does_and_as_nobody_in_particular() -> None:
    start = json.loads(instruction("CMD"))
    (service,) = re.findall(r"^ExecStart=(.*)$", SERVICE, re.MULTILINE)
    place = instruction("WORKDIR")
    assert [f"{place}/{start[0]}", *start[1:]] == shlex.split(service)
    assert int(instruction("USER")) > 0
    _, version = instruction("FROM").split(":")
    assert version.startswith("3.11-")
    assert sys.version_info >= (3, 11)


def test_image_has_all_that_the_product_reads() -> None:
    copied = {name for found, rest in instructions() if found == "COPY" for name in rest.split()[:-1]}
    needed = {"app.py", "lifecycle", "pages", "data", ".streamlit", "requirements.txt", "constraints.txt"}
    assert needed <= copied
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    kept_out = {line for line in (ROOT / ".gitignore").read_text("utf-8").split() if line.startswith("data/")}
    assert {line.rstrip("/") for line in kept_out} <= set(ignored)  # nobody's data gets into an image


def test_compose_is_the_installation_of_the_document(compose: dict[str, Any]) -> None:
    found = servers(compose)
    assert [each["environment"]["PORT"] for each in found.values()] == ports_of(NGINX)
    mounts = compose["services"]["nginx"]["volumes"]
    assert "./deploy/nginx.conf:/etc/nginx/conf.d/lifecycle.conf:ro" in mounts
    (certificates,) = {path.rpartition("/")[0] for path in re.findall(r"ssl_certificate\w* +(\S+);", NGINX)}
    assert f"./deploy/tls:{certificates}:ro" in mounts
    wanted = re.search(r"max_connections = (\d+)", DOCUMENT)
    assert wanted
    assert f"max_connections={wanted[1]}" in compose["services"]["database"]["command"]


def test_containers_of_the_product_can_write_to_their_documents_alone(compose: dict[str, Any]) -> None:
    for name, each in servers(compose).items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert each["env_file"] == "deploy/lifecycle.env"
        (volume,) = each["volumes"]
        writable = volume.partition(":")[2]
        assert environment_file()["LIFECYCLE_EVIDENCE_URL"].startswith(f"{writable}/")
        assert instruction("VOLUME") == writable
        assert "ports" not in each  # only nginx is reached from outside
        assert each["network_mode"] == "service:nginx"
        address = each["environment"]["LIFECYCLE_DATABASE_URL"]
        assert "@database:5432/" in address
    assert "ports" not in compose["services"]["database"]
