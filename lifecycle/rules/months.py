"""The months by name, in the languages that registers and measurements come in."""

from __future__ import annotations

import unicodedata

# As they are without case and accents. The first three letters will do.
_MONTHS = tuple(
    tuple(names.split())
    for names in (
        "january januari janvier januar enero gennaio janeiro leden styczen",
        "february februari fevrier februar febrero febbraio fevereiro unor luty",
        "march maart mars marz maerz marts marzo marco mrt brezen marzec",
        "april avril abril aprile avr duben kwiecien",
        "may mei mai mayo maggio maio maj kveten",
        "june juni juin junio giugno junho cerven czerwiec",
        "july juli juillet julio luglio julho cervenec lipiec",
        "august augustus aout agosto srpen sierpien",
        "september septembre septiembre settembre setembro zari wrzesien",
        "october oktober octobre octubre ottobre outubro rijen pazdziernik",
        "november novembre noviembre novembro listopad",
        "december dezember decembre diciembre dicembre dezembro desember prosinec grudzien",
    )
)


def month_named(text: str) -> int | None:
    """The number of the one month that a name of three letters or more stands for, else None."""
    split = unicodedata.normalize("NFKD", text.casefold())
    name = "".join(character for character in split if not unicodedata.combining(character))
    if len(name) < 3:
        return None
    months = {
        number for number, names in enumerate(_MONTHS, 1) if any(each.startswith(name) for each in names)
    }
    whole = {number for number, names in enumerate(_MONTHS, 1) if name in names}
    found = whole or months
    return found.pop() if len(found) == 1 else None
