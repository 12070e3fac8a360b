"""The model card as Markdown with a YAML head, in the format of the Hugging Face Hub.

Headings are those of the Hub's template, so that its readers find their way; the head is for programs and the same
in every language. Every text that people wrote is escaped: it can neither end the head nor become a link, a heading
or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import yaml

from lifecycle.interchange.cells import xml_text
from lifecycle.language import mark, say, say_as, written_number
from lifecycle.queries.cards import Card, Dataset, Metric, number

NOTHING = mark("[More Information Needed]")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$])")
_STARTS_A_BLOCK = re.compile(r"^(\s*)([-+#>=:]|\d+(?=[.)](?:\s|$)))")
_TURNS_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks that turn the text after them around


def model_card(card: Card) -> str:
    """The whole file."""
    head = yaml.safe_dump(_head(card), allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{head}---\n\n" + "\n\n".join(_body(card)) + "\n"


# ---------------------------------------------------------------- the head


def _head(card: Card) -> dict[str, Any]:
    tags = ["lifecycle", f"stage-{card.project.stage.value}"] if card.project.stage else ["lifecycle"]
    head: dict[str, Any] = {"model_name": _one_line(card.project.name)}
    if card.version:
        head["model_version"] = _one_line(card.version)
    head["tags"] = [*tags, f"risk-tier-{card.tier}"] if card.tier else tags
    licences = list(dict.fromkeys(_one_line(part.licence) for part in card.parts if part.licence))
    if licences:
        head["license"] = "other"
        head["license_name"] = ", ".join(licences)
    measured = [metric for metric in card.metrics if not metric.group]
    if measured:
        head["metrics"] = list(dict.fromkeys(_slug(metric.name) for metric in measured))
        head["model-index"] = [{"name": _one_line(card.project.name), "results": [_results(measured, card)]}]
    return head


def _results(metrics: Sequence[Metric], card: Card) -> dict[str, Any]:
    data = "; ".join(_one_line(source.name) for source in card.datasets) or "The project's own data"
    return {
        "task": {"type": "other", "name": _one_line(card.task) or "Other"},
        "dataset": {"type": "other", "name": data},
        "metrics": [
            {"type": _slug(metric.name), "name": _one_line(metric.name), "value": float(metric.value)}
            for metric in metrics
        ],
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "other"


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    return _TURNS_TEXT.sub("", xml_text(text))


# ---------------------------------------------------------------- the body


def _body(card: Card) -> Iterator[str]:
    yield say("# Model Card for {project}", project=line(card.project.name))
    yield block(card.summary)
    yield from _details(card)
    yield from _uses(card)
    yield from _risks(card)
    yield from _training(card)
    yield from _evaluation(card)
    yield from _technical(card)
    yield from _approvals(card)


def _details(card: Card) -> Iterator[str]:
    yield say("## Model Details")
    yield say("### Model Description")
    yield block(card.decision)
    stage = card.project.stage.title if card.project.stage else ""
    yield _labelled(
        (say("Developed by"), ", ".join(card.developers)),
        (say("Organisation"), card.project.organisation),
        (say("Model type"), " · ".join(word for word in (card.family, card.transparency) if word)),
        (say("Version"), card.version),
        (say("Live since"), card.live_on.isoformat() if card.live_on else ""),
        (say("Stage"), f"{stage}, {card.project.status.word}" if stage else ""),
        (say("Risk tier"), str(card.tier) if card.tier else ""),
        (say("License"), ", ".join(dict.fromkeys(part.licence for part in card.parts if part.licence))),
        (
            say("Built on"),
            "; ".join(f"{part.name} {part.version}".strip() for part in card.parts),
        ),
    )
    yield say("### Model Sources")
    yield block(card.versions)


def _uses(card: Card) -> Iterator[str]:
    yield say("## Uses")
    yield say("### Direct Use")
    yield _list(card.uses)
    if card.users:
        yield say("Used by or affecting: {users}", users=line("; ".join(card.users)))
    yield say("### Out-of-Scope Use")
    yield _list(card.not_for)


def _risks(card: Card) -> Iterator[str]:
    yield say("## Bias, Risks, and Limitations")
    yield _list(card.limits)
    if card.hazards:
        rows = [(each.scenario, each.harm, each.control) for each in card.hazards]
        yield table((say("Foreseen"), say("Harm"), say("Control")), rows)
    yield say("### Recommendations")
    advice = (
        (say("The human step"), card.human_step),
        (say("If it is missing or wrong"), card.fallback),
        (say("Explanation"), card.explanation),
    )
    yield (
        _labelled(*((label, text) for label, text in advice if text))
        if any(text for _, text in advice)
        else say(NOTHING)
    )


def _training(card: Card) -> Iterator[str]:
    yield say("## Training Details")
    yield say("### Training Data")
    if not card.datasets:
        yield say(NOTHING)
        return
    rows = [_dataset(each) for each in card.datasets]
    yield table(
        (say("Data"), say("Collected for"), say("Origin"), say("Owner"), say("Personal or sensitive")), rows
    )


def _dataset(each: Dataset) -> tuple[str, ...]:
    return each.name, each.about, each.origin, each.owner, ", ".join(each.sensitive)


def _evaluation(card: Card) -> Iterator[str]:
    yield say("## Evaluation")
    yield say("### Testing Data, Factors & Metrics")
    yield say("#### Testing Data")
    yield block(card.split)
    yield say("#### Factors")
    yield _list(card.fairness)
    yield say("### Results")
    if not card.metrics:
        yield say(NOTHING)
        return
    yield table(
        (
            say("Metric"),
            say_as("On", "group"),
            say("Value"),
            say("Interval"),
            say("Baseline"),
            say("Measured"),
        ),
        [_metric(each) for each in card.metrics],
    )


def _metric(each: Metric) -> tuple[str, ...]:
    interval = (
        say("{low} to {high}", low=_written(each.low), high=_written(each.high))
        if each.low is not None and each.high is not None
        else ""
    )
    days = [day.isoformat() for day in (each.first, each.last) if day]
    measured = say("{first} to {last}", first=days[0], last=days[1]) if len(days) == 2 else "".join(days)
    return (
        each.name,
        each.group or say("all"),
        _written(each.value),
        interval,
        _written(each.baseline),
        measured,
    )


def _written(value: Decimal | None) -> str:
    return written_number(number(value))


def _technical(card: Card) -> Iterator[str]:
    yield say("## Technical Specifications")
    yield say("### Model Architecture and Objective")
    yield block(card.output)
    yield say("### Compute Infrastructure")
    yield block(card.speed)
    yield say("## Monitoring")
    yield _list(card.monitoring)


def _approvals(card: Card) -> Iterator[str]:
    yield say("## Model Card Authors")
    yield line(", ".join(card.developers)) or say(NOTHING)
    yield say("## Approvals")
    if not card.signatures:
        yield say("Nobody has approved it yet.")
        return
    yield table(
        (say("Gate"), say("Role"), say("Decision"), say("By"), say("On"), say("Digest")),
        [
            (
                each.gate.title,
                each.role.title,
                each.decision.title,
                each.printed_name,
                each.at.date().isoformat(),
                each.digest,
            )
            for each in card.signatures
        ],
    )


# ---------------------------------------------------------------- text into Markdown


def line(text: str) -> str:
    """One line that says what was typed and does nothing."""
    return _STARTS_A_BLOCK.sub(_escape_start, _SPECIAL.sub(r"\\\1", _one_line(text)))


def block(text: str) -> str:
    """Several lines; each stays one."""
    lines = [line(each) for each in _clean(text).splitlines()]
    return "\\\n".join(each for each in lines if each) or say(NOTHING)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    written += [f"| {' | '.join(line(cell) or ' ' for cell in row)} |" for row in rows]
    return "\n".join(written)


def _list(texts: Sequence[str]) -> str:
    return "\n".join(f"- {line(text)}" for text in texts if _one_line(text)) or say(NOTHING)


def _labelled(*pairs: tuple[str, str]) -> str:
    return "\n".join(
        say("- **{label}:** {text}", label=label, text=line(text) or say(NOTHING)) for label, text in pairs
    )


def _escape_start(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}{mark}\\" if mark.isdigit() else f"{found[1]}\\{mark}"
