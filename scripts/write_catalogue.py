"""Bring the catalogues of every language up to date with the code, the templates and the guide.

    python -m scripts.write_catalogue            write them; what is new has no translation yet
    python -m scripts.write_catalogue --missing  print, as JSON, what is not translated (with paths: only of those)

Translations are kept; what is no longer said is dropped. Exit code 1 where something is not translated.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from lifecycle.guide import load_guide
from lifecycle.language import ENGLISH, LANGUAGES, LOCALE_FOLDER

ROOT = Path(__file__).resolve().parent.parent
GUIDE = "data/guide"
_IN_TEMPLATE = re.compile(r"""\bsay\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
# Two forms, and the second from two on: what `language.Catalogue` goes by.
_HEADER = """# What Lifecycle says, in another language. docs/translating.md says how to change it.
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"""


@dataclass(frozen=True)
class Text:
    """One text to translate: with `many`, in two forms."""

    one: str
    where: str
    many: str = ""

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.one, self.many) if self.many else self.one


def texts_of_code(root: Path = ROOT) -> Iterator[Text]:
    """Every literal that is said, marked or counted, and every one that a template says."""
    for file in sorted((root / "lifecycle").rglob("*.py")):
        where = file.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                yield from _said_by(node, where)
    for file in sorted((root / "lifecycle").rglob("templates/*")):
        for found in _IN_TEMPLATE.finditer(file.read_text(encoding="utf-8")):
            yield Text(ast.literal_eval(found[1]), file.relative_to(root).as_posix())


def _said_by(call: ast.Call, where: str) -> Iterator[Text]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    words = [
        item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else None
        for item in call.args
    ]
    if name in ("say", "mark") and words and words[0]:
        yield Text(words[0], where)
    elif name == "say_as" and len(words) >= 2 and words[0] and words[1]:
        yield Text(f"{words[0]}|{words[1]}", where)
    elif name in ("say_count", "mark_count") and len(words) >= 2 and words[0] and words[1]:
        yield Text(words[0], where, words[1])
    elif name == "counted" and len(words) >= 2 and words[1]:
        many = words[2] if len(words) > 2 and words[2] else f"{words[1]}s"
        yield Text(f"{{number:,}} {words[1]}", where, f"{{number:,}} {many}")


def texts_of_guide(root: Path = ROOT) -> Iterator[Text]:
    for text in load_guide(root / GUIDE).texts():
        yield Text(text, GUIDE)


def all_texts() -> dict[str, list[Text]]:
    """By catalogue, each text once; what the code says too stands with the code."""
    code = _once(texts_of_code())
    known = {text.one for text in code}
    return {"lifecycle": code, "guide": [text for text in _once(texts_of_guide()) if text.one not in known]}


def _once(texts: Iterable[Text]) -> list[Text]:
    """A catalogue has one entry for a text, with its plural where it is counted anywhere."""
    found: dict[str, Text] = {}
    for text in texts:
        if text.one not in found or (text.many and not found[text.one].many):
            found[text.one] = text
    return list(found.values())


def catalogue_file(code: str, name: str) -> Path:
    return LOCALE_FOLDER / code / "LC_MESSAGES" / f"{name}.po"


def read_catalogue_file(code: str, name: str) -> Catalog:
    file = catalogue_file(code, name)
    if not file.exists():
        return _empty(code)
    with file.open("rb") as opened:
        return read_po(opened, locale=code)


def _empty(code: str) -> Catalog:
    return read_po(io.BytesIO(_HEADER.format(code=code).encode()), locale=code)


def renewed(code: str, earlier: Iterable[Catalog], texts: Iterable[Text]) -> Catalog:
    """A catalogue of these texts, with every translation that any earlier one has."""
    new = _empty(code)
    for text in texts:
        known = next(
            (found for catalogue in earlier if (found := catalogue.get(text.id)) and found.string), None
        )
        new.add(text.id, known.string if known else None, locations=[(text.where, 1)])
    return new


def is_translated(string: object) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def missing(code: str, paths: Iterable[str] = ()) -> list[Text]:
    """What a language lacks, of the files whose path starts so; of all without paths."""
    wanted = tuple(paths)
    found = []
    catalogues = [read_catalogue_file(code, name) for name in ("lifecycle", "guide")]
    for texts in all_texts().values():
        for text in texts:
            known = [message for catalogue in catalogues if (message := catalogue.get(text.id))]
            if not any(is_translated(message.string) for message in known) and (
                not wanted or text.where.startswith(wanted)
            ):
                found.append(text)
    return found


def write(code: str) -> None:
    earlier = [read_catalogue_file(code, name) for name in ("lifecycle", "guide")]
    for name, texts in all_texts().items():
        written = io.BytesIO()
        write_po(written, renewed(code, earlier, texts), width=100, omit_header=True, include_lineno=False)
        file = catalogue_file(code, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        # A header of our own: the same texts are the same file, whenever it is written.
        file.write_text(f"{_HEADER.format(code=code)}\n{written.getvalue().decode()}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("paths", nargs="*")
    given = parser.parse_args(arguments)
    codes = [code for code in LANGUAGES if code != ENGLISH]
    if not given.missing:
        for code in codes:
            write(code)
    lacking = {code: missing(code, given.paths) for code in codes}
    if given.missing:
        shown = {
            code: [
                {"where": text.where, "en": text.one, **({"many": text.many} if text.many else {})}
                for text in texts
            ]
            for code, texts in lacking.items()
        }
        sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(
            "".join(f"{code}: {len(texts)} texts not translated\n" for code, texts in lacking.items())
        )
    return 1 if any(lacking.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
