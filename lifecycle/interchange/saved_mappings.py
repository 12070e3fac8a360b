"""Mappings as people change, save and find them again: as values, as YAML, and in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from sqlmodel import Session

from lifecycle.actions.projects import slug
from lifecycle.actions.register_mappings import rename_mapping, save_mapping
from lifecycle.errors import GuideError, Invalid
from lifecycle.interchange.mappings import (
    LARGEST_MAPPING,
    Columns,
    RegisterMapping,
    StageRule,
    exact_alias,
    load_mapping,
    load_mappings,
    locate,
    parse_mapping,
    stage_key,
    stage_of,
)
from lifecycle.interchange.proposals import with_known_words
from lifecycle.interchange.register_words import NOTIONS
from lifecycle.language import say
from lifecycle.queries.registers import SavedMappingView, saved_mappings
from lifecycle.vocabulary import Actor, ProjectStatus, Stage

Place = tuple[Stage, ProjectStatus]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided otherwise than the mapping: only these are changed.

    `columns`: notion to header, None for no column. `dates`: all date columns, None for those of the mapping.
    `places`: stage word to its place, None for one that a person decides project by project.
    """

    columns: Mapping[str, str | None]
    places: Mapping[str, Place | None]
    dates: Sequence[str] | None = None


def adjusted(mapping: RegisterMapping, choices: Choices) -> RegisterMapping:
    """The mapping as a person wants it. Raises Invalid when it is left without a column for the name."""
    columns: dict[str, tuple[str, ...]] = {notion: getattr(mapping.columns, notion) for notion in NOTIONS}
    for notion, header in choices.columns.items():
        columns[notion] = (exact_alias(header),) if header else ()
    if not columns["name"]:
        raise Invalid({"name": say("Choose the column that names each project.")})
    changed: dict[str, object] = {
        "columns": Columns(**columns),
        "stages": _stages(mapping, choices.places),
        "undecided": _undecided(mapping, choices.places),
    }
    if choices.dates is not None:
        changed["dates"] = _dates(mapping, choices.dates)
    return mapping.changed(**changed)


def for_these_headers(mapping: RegisterMapping, headers: Sequence[str], title: str) -> RegisterMapping:
    """The mapping under a name of its own, to be used for every file that has the columns it uses here."""
    name = slug(title)
    if not title.strip() or len(name) < 2:
        raise Invalid({"title": say("A mapping needs a name of at least two letters or digits.")})
    if name in {shipped.name for shipped in load_mappings()}:
        raise Invalid(
            {
                "title": say(
                    "“{name}” is the name of a mapping that comes with the product. Choose another.",
                    name=name,
                )
            }
        )
    place = locate(mapping, headers)
    chief = sorted(at for notion in NOTIONS if (at := getattr(place, notion)) is not None)
    return mapping.changed(
        name=name,
        title=title.strip(),
        recognise=(tuple(exact_alias(headers[at]) for at in chief),),
        recognise_share=1,
        fallback=False,
        proposed=False,
        register_name=mapping.told_apart_in,
    )


def mapping_yaml(mapping: RegisterMapping) -> str:
    """The mapping as a file that `--mapping` takes; what is as by default stays out."""
    content = mapping.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)


def keep_mapping(
    session: Session, *, by: Actor, at: datetime, mapping: RegisterMapping, base: int = 0
) -> int:
    """Save a mapping under its own name; returns the revision."""
    content = mapping_yaml(mapping)
    return save_mapping(
        session, by=by, at=at, name=mapping.name, title=mapping.title, content=content, base=base
    )


def mapping_from_file(content: bytes, file: str) -> RegisterMapping:
    """The mapping that a file holds, such as one taken from another installation. Raises GuideError, Invalid."""
    if len(content) > LARGEST_MAPPING:
        raise GuideError(file, say("file"), say("is too large to be a mapping; is this the register itself?"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GuideError(
            file, say("file"), say("is not UTF-8 text (byte {byte})", byte=error.start + 1)
        ) from error
    mapping = parse_mapping(text, file)
    if mapping.name in {shipped.name for shipped in load_mappings()}:
        raise Invalid(
            {
                "name": say(
                    "“{mapping}” comes with the product. Give the mapping in the file another name.",
                    mapping=mapping.name,
                )
            }
        )
    return mapping.changed(proposed=False)


def retitle_mapping(session: Session, *, by: Actor, at: datetime, name: str, title: str) -> None:
    """Give a saved mapping another title, and the name that follows from it."""
    rename_mapping(session, by=by, at=at, name=name, new_name=slug(title), title=title.strip())


def read_saved(views: Sequence[SavedMappingView]) -> tuple[RegisterMapping, ...]:
    """The saved mappings that can be read; one that an older version wrote and this one refuses is left out."""
    found = []
    for view in views:
        with suppress(GuideError):
            mapping = parse_mapping(view.content, f"mapping {view.name}")
            found.append(mapping.changed(name=view.name, title=view.title))
    return tuple(found)


def saved_by_people(session: Session, by: Actor) -> tuple[RegisterMapping, ...]:
    """Every saved mapping, by name."""
    return read_saved(saved_mappings(session, by=by))


def named_mapping(name: str, saved: Sequence[RegisterMapping]) -> RegisterMapping:
    """A mapping by its file, else by its name among those saved, then those shipped. Raises Invalid, GuideError."""
    path = Path(name)
    if path.is_file():
        return load_mapping(path)
    known = {mapping.name: mapping for mapping in (*map(with_known_words, load_mappings()), *saved)}
    if name in known:
        return known[name]
    raise Invalid(
        say(
            "There is no mapping file and no mapping “{name}”. There is: {known}.",
            name=name,
            known=", ".join(sorted(known)),
        )
    )


def _stages(mapping: RegisterMapping, places: Mapping[str, Place | None]) -> tuple[StageRule, ...]:
    """The rules without the words a person decided on, and a rule for each place that was chosen."""
    decided = {stage_key(word) for word in places}
    chosen = {
        stage_key(word): word for word, place in places.items() if place is not None and stage_key(word)
    }
    rules = []
    for rule in mapping.stages:
        words = tuple(word for word in rule.words if stage_key(word) not in decided)
        prefixes = tuple(prefix for prefix in rule.prefixes if stage_key(prefix) not in chosen)
        if words or prefixes:
            rules.append(rule.model_copy(update={"words": words, "prefixes": prefixes}))
    own: dict[Place, list[str]] = {}
    for word in chosen.values():
        place = places[word]
        if place is not None:
            own.setdefault(place, []).append(word)
    return (
        *rules,
        *(
            StageRule(stage=stage, status=status, words=tuple(words))
            for (stage, status), words in own.items()
        ),
    )


def _undecided(mapping: RegisterMapping, places: Mapping[str, Place | None]) -> tuple[str, ...]:
    decided = {stage_key(word) for word in places}
    kept = [word for word in mapping.undecided if stage_key(word) not in decided]
    left = {
        stage_key(word): word
        for word, place in places.items()
        if place is None and stage_key(word) and stage_of(mapping, word) is not None
    }
    return (*kept, *left.values())


def _dates(mapping: RegisterMapping, headers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The labels of the mapping for the columns it knows, the headers themselves for others."""
    place = locate(mapping, headers)
    labels = {headers[at]: label for label, at in place.dates}
    return {
        labels.get(header, header): mapping.dates.get(labels.get(header, ""), (exact_alias(header),))
        for header in headers
    }
