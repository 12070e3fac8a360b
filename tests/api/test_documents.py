"""docs/api.md and docs/pipelines.md: every command in them is run against a real server, as somebody would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.serving import ROOT, Server, serving

READY, CLOSED = "day-ahead-energy-purchase", "second-look-at-invoices"
SIGNED = "energy-purchase 2.0"


@dataclass(frozen=True)
class Machine:
    """Somebody's shell beside a server with the example portfolio, where `python` is the one of this environment."""

    server: Server
    folder: Path

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """As a runner does: bash that stops at the first command that fails."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "LIFECYCLE_DATABASE_URL": self.server.database_url,
            **environment,
        }
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=given,
            capture_output=True,
            text=True,
            timeout=600,  # of a busy machine; the example takes a while
            check=False,
        )

    def token(self, *options: str) -> str:
        made = self.run(
            f"python -m lifecycle tokens create --email dana@group.example --scope read {' '.join(options)} --json"
        )
        return str(json.loads(made.stdout)["token"])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("documents")
    with serving(folder, environment={"LIFECYCLE_JOBS": "off"}) as server:
        found = Machine(server, folder)
        made = found.run("python -m lifecycle demo")
        assert made.returncode == 0, made.stderr
        yield found


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_five_minutes_work_as_they_stand(machine: Machine) -> None:
    lines = blocks("api.md", "bash")
    assert len(lines) >= 6
    ran = machine.run("\n".join(lines), LIFECYCLE_URL=machine.server.url)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert '"key":"returns-forecast"' in ran.stdout
    assert "The output looks 3 months ahead, but acting on it takes 6 months" in ran.stdout
    assert '"ready":false' in ran.stdout


@dataclass(frozen=True)
class Job:
    """The steps of a pipeline, and the variables it sets for them."""

    steps: tuple[str, ...]
    variables: Mapping[str, str]

    def run(self, machine: Machine, **environment: str) -> subprocess.CompletedProcess[str]:
        ran = machine.run(self.steps[0], **{**self.variables, **environment})
        for step in self.steps[1:]:
            if ran.returncode:
                break
            ran = machine.run(step, **{**self.variables, **environment})
        return ran


def _github() -> Job:
    (found,) = (yaml.safe_load(block) for block in blocks("pipelines.md", "yaml") if "runs-on" in block)
    job: dict[str, Any] = found["jobs"]["deploy"]
    return Job(tuple(step["run"] for step in job["steps"]), job["env"])


def _gitlab() -> Job:
    (found,) = (yaml.safe_load(block) for block in blocks("pipelines.md", "yaml") if "stages" in block)
    steps = tuple("\n".join(found[stage]["script"]) for stage in found["stages"])
    return Job(steps, found["variables"])


PIPELINES = {"github": _github, "gitlab": _gitlab}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_pipeline_deploys_only_the_signed_version_through_an_open_gate(
    machine: Machine, pipeline: str
) -> None:
    job = PIPELINES[pipeline]()
    token = machine.token("--project", READY)
    given = {"LIFECYCLE_URL": machine.server.url, "LIFECYCLE_TOKEN": token}

    deployed = job.run(machine, **given)
    assert (deployed.returncode, deployed.stdout.strip()) == (0, f"Deploying {SIGNED}"), deployed.stderr

    other = job.run(machine, **{**given, "MODEL_VERSION": "energy-purchase 2.1"})
    assert other.returncode != 0
    assert "Deploying" not in other.stdout
    assert f"Version {SIGNED} is signed, not energy-purchase 2.1." in other.stdout


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_pipeline_stops_at_a_closed_gate_and_when_it_cannot_ask(machine: Machine, pipeline: str) -> None:
    job = PIPELINES[pipeline]()
    given = {"LIFECYCLE_URL": machine.server.url, "LIFECYCLE_TOKEN": machine.token()}

    closed = job.run(machine, **{**given, "PROJECT": CLOSED})
    unknown = job.run(machine, **{**given, "LIFECYCLE_TOKEN": "lcy_nothing"})
    restricted = job.run(
        machine, **{**given, "LIFECYCLE_TOKEN": machine.token("--project", READY), "PROJECT": CLOSED}
    )

    for ran in (closed, unknown, restricted):
        assert ran.returncode != 0
        assert "Deploying" not in ran.stdout
    assert "has no answer" in closed.stdout or "no valid" in closed.stdout or "blockers" in closed.stdout
    assert "There is no such token" in unknown.stdout + unknown.stderr
    assert f"There is no project “{CLOSED}”" in restricted.stdout + restricted.stderr


def test_command_line_and_interface_say_the_same(machine: Machine) -> None:
    (command,) = blocks("pipelines.md", "bash")
    ran = machine.run(command)
    assert ran.returncode == 0, ran.stderr
    asked = machine.run(
        'curl -sS -G -H "Authorization: Bearer $T" --data-urlencode "model_version=$V" -d policy=block '
        f'"$U/api/v1/projects/{READY}/gates/launch"',
        T=machine.token(),
        V=SIGNED,
        U=machine.server.url,
    )
    assert json.loads(asked.stdout) == json.loads(ran.stdout)
