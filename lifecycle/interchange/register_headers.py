"""Headers in two rows: labels of a group above those of its columns, or the same headers in a second language."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.interchange.mappings import Located, RegisterMapping, folded, locate
from lifecycle.interchange.register_dates import looks_like_date
from lifecycle.interchange.register_words import NOTIONS, WHOLE, register_words
from lifecycle.interchange.tabular import header_texts
from lifecycle.interchange.tabular_text import Grid, is_blank, one_line

_LONGEST_LABEL = 120
_MOST_SECOND_ROWS = 2


def settled_header(grid: Grid, index: int, mapping: RegisterMapping) -> int:
    """The row that the headers really end in: the one below, when that holds the labels of groups in this one."""
    if index + 1 >= len(grid.rows) or grid.kind == "JSON":
        return index
    place = locate(mapping, header_texts(grid, index))
    if place.name is None:
        return index
    own, below = grid.rows[index].values, grid.rows[index + 1].values
    if _continues(own, below, place.name) or _labels_of_groups(own, below, place.name):
        lower = locate(mapping, header_texts(grid, index + 1))
        if lower.name is not None and lower.notions >= place.notions:
            return index + 1
    return index


def second_headers(grid: Grid, index: int, place: Located) -> tuple[int, ...]:
    """Numbers of the rows right below the headers that say the chief ones once more, in other words."""
    found = []
    for row in grid.rows[index + 1 : index + 1 + _MOST_SECOND_ROWS]:
        if not _says_headers(row.values, place):
            break
        found.append(row.number)
    return tuple(found)


def _says_headers(values: Sequence[str], place: Located) -> bool:
    words = register_words()
    places = {notion: getattr(place, notion) for notion in NOTIONS}
    said = [
        words.notion_score(one_line(values[at]), notion) >= WHOLE
        for notion, at in places.items()
        if at is not None and at < len(values) and not is_blank(values[at])
    ]
    named = place.name is not None and place.name < len(values) and not is_blank(values[place.name])
    return named and len(said) > 1 and all(said)


def _continues(own: Sequence[str], below: Sequence[str], name: int) -> bool:
    """Cells merged over both rows say the same in each; a row that says all of it again is another matter."""
    if name >= len(below) or is_blank(below[name]):
        return False
    same = folded(below[name]) == folded(own[name]) if name < len(own) else False
    return same and any(
        not is_blank(cell) and (place >= len(own) or folded(cell) != folded(own[place]))
        for place, cell in enumerate(below)
    )


def _labels_of_groups(own: Sequence[str], below: Sequence[str], name: int) -> bool:
    """Short labels under the blank places that follow a group's title, and nothing under the name."""
    if name < len(below) and not is_blank(below[name]):
        return False
    filled = [place for place, cell in enumerate(below) if not is_blank(cell)]
    texts = [one_line(below[place]) for place in filled]
    are_labels = len(set(texts)) == len(texts) and all(
        len(text) <= _LONGEST_LABEL and any(map(str.isalpha, text)) and not looks_like_date(text)
        for text in texts
    )
    return (
        are_labels
        and any(place >= len(own) or is_blank(own[place]) for place in filled)
        and all(_in_a_group(own, place) for place in filled)
    )


def _in_a_group(own: Sequence[str], place: int) -> bool:
    """Under a blank header, or under a title that a blank one follows."""
    blank = place >= len(own) or is_blank(own[place])
    return blank or place + 1 >= len(own) or is_blank(own[place + 1])
