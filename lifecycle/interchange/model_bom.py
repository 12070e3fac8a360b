"""The bill of materials of a model: CycloneDX 1.6 with the model, its data, its third-party parts and its card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lifecycle.interchange.cells import xml_text
from lifecycle.language import ENGLISH, speaking
from lifecycle.queries.cards import Card, Dataset, Metric, ThirdPart, number
from lifecycle.vocabulary import ProjectStatus, Stage

_PHASES = {
    Stage.DISCOVERY: "discovery",
    Stage.FEASIBILITY: "discovery",
    Stage.DESIGN: "design",
    Stage.MODEL: "build",
    Stage.PRODUCTION: "operations",
}
_KINDS = {
    "bought_model": "machine-learning-model",
    "pretrained_model": "machine-learning-model",
    "data": "data",
}
_LONGEST_VERSION = 1_024

_Json = dict[str, Any]


def model_bom(card: Card, at: datetime) -> str:
    """The JSON text; `at` is when it was made."""
    product, model = "product", "model"
    data = [_data(each) for each in card.datasets]
    parts = [_part(each, number) for number, each in enumerate(card.parts, 1)]
    needed = [each["bom-ref"] for each in (*data, *parts)]
    made = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'lifecycle:{card.project.key}:{card.version}')}",
        "version": 1,
        "metadata": {
            "timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycles": [{"phase": _phase(card)}],
            "tools": {"components": [{"type": "application", "name": "Lifecycle"}]},
            "component": {
                "type": "application",
                "bom-ref": product,
                "name": card.project.name,
                "description": card.summary,
                "publisher": card.project.organisation,
                "version": card.version[:_LONGEST_VERSION],
            },
        },
        "components": [_model(card, model), *data, *parts],
        "dependencies": [
            {"ref": product, "dependsOn": [model]},
            {"ref": model, "dependsOn": needed},
            *({"ref": ref} for ref in needed),
        ],
    }
    return json.dumps(_filled(made), ensure_ascii=False, indent=2) + "\n"


def _phase(card: Card) -> str:
    if card.project.status in (ProjectStatus.RETIRED, ProjectStatus.STOPPED):
        return "decommission"
    return _PHASES[card.project.stage] if card.project.stage else "discovery"


def _model(card: Card, ref: str) -> _Json:
    return {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": card.project.name,
        "version": card.version[:_LONGEST_VERSION],
        "description": card.decision,
        "authors": [{"name": name} for name in card.developers],
        "modelCard": {
            "bom-ref": "model-card",
            "modelParameters": {
                "task": card.task,
                "architectureFamily": card.family,
                "datasets": [{"ref": each.key} for each in card.datasets],
                "inputs": [{"format": text} for text in card.inputs],
                "outputs": [{"format": card.output}],
            },
            "quantitativeAnalysis": {"performanceMetrics": [_metric(each) for each in card.metrics]},
            "considerations": {
                "users": list(card.users),
                "useCases": list(card.uses),
                "technicalLimitations": [
                    *card.limits,
                    *(f"Not for: {use}" for use in card.not_for),
                ],
                "ethicalConsiderations": [
                    {"name": f"{each.scenario}: {each.harm}", "mitigationStrategy": each.control}
                    for each in card.hazards
                ],
                "fairnessAssessments": [{"groupAtRisk": group} for group in card.fairness],
            },
        },
        "properties": list(_properties(card)),
    }


def _properties(card: Card) -> Iterator[_Json]:
    said = {
        "key": card.project.key,
        "stage": card.project.stage.value if card.project.stage else "",
        "status": card.project.status.value,
        "tier": str(card.tier) if card.tier else "",
        "live-since": card.live_on.isoformat() if card.live_on else "",
        "guide": card.guide_version,
        "transparency": card.transparency,
        "explanation": card.explanation,
        "fallback": card.fallback,
    }
    for name, value in said.items():
        if value:
            yield {"name": f"lifecycle:{name}", "value": value}
    for text in card.monitoring:
        yield {"name": "lifecycle:monitor", "value": text}
    for each in card.signatures:
        with speaking(ENGLISH):  # programs read it: only the answers in it are as they were written
            decision = each.decision.title
        words = f"{decision} by {each.printed_name}, {each.at:%Y-%m-%d}, digest {each.digest}"
        yield {"name": f"lifecycle:sign-off:{each.gate.value}:{each.role.value}", "value": words}


def _metric(each: Metric) -> _Json:
    return {
        "type": each.name,
        "value": number(each.value),
        "slice": each.group,
        "confidenceInterval": {"lowerBound": number(each.low), "upperBound": number(each.high)},
    }


def _data(each: Dataset) -> _Json:
    owners = [{"contact": {"name": each.owner}}] if each.owner else []
    return {
        "type": "data",
        "bom-ref": each.key,
        "name": each.name,
        "description": each.about,
        "data": [
            {
                "type": "dataset",
                "name": each.name,
                "classification": each.classification,
                "sensitiveData": list(each.sensitive),
                "governance": {"owners": owners},
            }
        ],
        "properties": [{"name": "lifecycle:origin", "value": each.origin}] if each.origin else [],
    }


def _part(each: ThirdPart, number_: int) -> _Json:
    return {
        "type": _KINDS.get(each.kind, "library"),
        "bom-ref": f"part-{number_}",
        "name": each.name,
        "version": each.version[:_LONGEST_VERSION],
        "licenses": [{"license": {"name": each.licence}}] if each.licence else [],
    }


_MAY_BE_EMPTY = ("ref", "name", "value", "dependsOn")


def _filled(value: Any) -> Any:
    """Without what nobody has answered: an empty text says nothing in a bill of materials."""
    if isinstance(value, str):
        return xml_text(value)
    if isinstance(value, Sequence):
        return [_filled(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _filled(each) for name, each in value.items()}
    return {name: each for name, each in kept.items() if name in _MAY_BE_EMPTY or each not in ("", [], {})}
