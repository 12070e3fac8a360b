"""Registers of many makes, invented here in the shapes that public ones come in: and what is in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl


@dataclass(frozen=True)
class Nasty:
    """One register and what an attentive person would read out of it."""

    file: str
    content: bytes
    columns: dict[str, str]  # notion -> header as the reader shows it
    names: tuple[str, ...]
    places: tuple[str | None, ...]  # stage, or stage:status, per row
    organisations: tuple[str, ...] = ()
    dates: dict[str, str | None] = field(default_factory=dict)  # label -> first row's day
    left_to_a_person: tuple[str, ...] = ()


def as_csv(
    rows: Sequence[Sequence[str]], *, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n"
) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(*sheets: tuple[str, Callable[[Any], None]], hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, fill in sheets:
        sheet = book.create_sheet(title)
        fill(sheet)
        if title in hidden:
            sheet.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def algorithmic_transparency() -> Nasty:
    """British style: long labels, a phase column, "Beta/Pilot"."""
    rows = [
        [
            "Title",
            "Organisation",
            "Organisation type",
            "Phase",
            "Description",
            "Date published",
            "1.1 - Contact email",
        ],
        [
            "Pothole spotter",
            "Vale Council",
            "Local government",
            "Production",
            "Finds potholes",
            "13/05/2024",
            "a@vale.example",
        ],
        [
            "Letter sorter",
            "Marsh Office",
            "Central government",
            "Beta/Pilot",
            "Sorts letters",
            "02/06/2024",
            "b@marsh.example",
        ],
        [
            "Tide watch",
            "Marsh Office",
            "Central government",
            "Retired",
            "Watches tides",
            "28/01/2023",
            "b@marsh.example",
        ],
        [
            "Flood line",
            "Vale Council",
            "Local government",
            "Alpha",
            "Draws lines",
            "30/07/2024",
            "c@vale.example",
        ],
    ]
    return Nasty(
        "transparency-records.csv",
        as_csv(rows, encoding="utf-8-sig", end="\r\n"),
        {"name": "Title", "organisation": "Organisation", "stage": "Phase"},
        ("Pothole spotter", "Letter sorter", "Tide watch", "Flood line"),
        ("production:live", "production:rollout", "production:retired", None),
        ("Marsh Office", "Vale Council"),
        {"Date published": "2024-05-13"},
        ("Alpha",),
    )


def federal_bilingual() -> Nasty:
    """Canadian style: an English and a French column for everything, and underscores."""
    headers = [
        "ai_register_id",
        "name_ai_system_en",
        "name_ai_system_fr",
        "government_organization",
        "description_ai_system_en",
        "ai_system_status_en",
        "ai_system_status_fr",
        "status_date",
    ]
    rows = [
        headers,
        [
            "AI-001",
            "Grain grader",
            "Classeur de grains",
            "Grain Board",
            "Grades grain",
            "In production",
            "En production",
            "2024",
        ],
        [
            "AI-002",
            "Mail router",
            "Trieur de courriel",
            "Post Office",
            "Routes mail",
            "In development",
            "En développement",
            "2025",
        ],
        [
            "AI-003",
            "Ice forecaster",
            "Prévision des glaces",
            "Ice Service",
            "Foresees ice",
            "Retired",
            "Retiré",
            "2022",
        ],
    ]
    return Nasty(
        "register-registre.csv",
        as_csv(rows),
        {
            "name": "name_ai_system_en",
            "external_id": "ai_register_id",
            "organisation": "government_organization",
            "stage": "ai_system_status_en",
        },
        ("Grain grader", "Mail router", "Ice forecaster"),
        ("production:live", "model", "production:retired"),
        ("Grain Board", "Ice Service", "Post Office"),
    )


def french_inventory() -> Nasty:
    """Windows-1252, semicolons, title rows, decimal commas."""
    rows = [
        ["Inventaire des algorithmes publics", "", "", "", ""],
        ["Mis à jour le 12 mars 2025", "", "", "", ""],
        [
            "Nom de l’algorithme",
            "Administration responsable",
            "Finalité",
            "Stade d’avancement",
            "Date de mise en service",
        ],
        [
            "Aide à l’affectation",
            "Ministère des Ponts",
            "Affecter les élèves",
            "En service",
            "1er septembre 2021",
        ],
        ["Tri des dossiers", "Ministère des Ponts", "Trier, à 1,5 s près", "En cours de développement", ""],
        ["Détection d’anomalies", "Agence des Quais", "Détecter", "Expérimentation", "15 février 2024"],
        ["Réponse automatique", "Agence des Quais", "Répondre", "À l’arrêt temporaire", ""],
    ]
    return Nasty(
        "inventaire.csv",
        as_csv(rows, delimiter=";", encoding="cp1252", end="\r\n"),
        {
            "name": "Nom de l’algorithme",
            "organisation": "Administration responsable",
            "stage": "Stade d’avancement",
        },
        ("Aide à l’affectation", "Tri des dossiers", "Détection d’anomalies", "Réponse automatique"),
        ("production:live", "model", "production:rollout", None),
        ("Agence des Quais", "Ministère des Ponts"),
        {"Date de mise en service": "2021-09-01"},
        ("À l’arrêt temporaire",),
    )


def german_tabs() -> Nasty:
    """UTF-16 with tabs, as spreadsheets save "Unicode text"; a running number that is no id."""
    rows = [
        [
            "Lfd. Nr.",
            "Bezeichnung des Verfahrens",
            "Zuständige Behörde",
            "Projektstatus",
            "Beginn",
            "Beschreibung",
        ],
        ["1", "Straßenprüfer", "Amt für Wege", "Im Einsatz", "24.12.2021", "Prüft Straßen"],
        ["2", "Aktenöffner", "Amt für Akten", "In Planung", "", "Öffnet Akten"],
        ["3", "Fährplan", "Amt für Wege", "Pilotbetrieb", "01.02.2023", "Plant Fähren"],
    ]
    return Nasty(
        "verzeichnis.txt",
        as_csv(rows, delimiter="\t", encoding="utf-16", end="\r\n"),
        {
            "name": "Bezeichnung des Verfahrens",
            "organisation": "Zuständige Behörde",
            "stage": "Projektstatus",
        },
        ("Straßenprüfer", "Aktenöffner", "Fährplan"),
        ("production:live", "discovery", "production:rollout"),
        ("Amt für Akten", "Amt für Wege"),
        {"Beginn": "2021-12-24"},
    )


def spanish_latin() -> Nasty:
    """Latin-1 and vertical bars; the state in brackets behind the word."""
    rows = [
        ["Código", "Nombre del sistema", "Entidad responsable", "Estado actual", "Nivel de riesgo"],
        ["ES-1", "Previsión de riego", "Confederación del Río", "En producción (desde 2022)", "Alto"],
        ["ES-2", "Atención al niño", "Ayuntamiento de Peña", "En desarrollo", "Bajo"],
        ["ES-3", "Señales", "Ayuntamiento de Peña", "Suspendido", "Bajo"],
    ]
    return Nasty(
        "registro.csv",
        as_csv(rows, delimiter="|", encoding="latin-1"),
        {
            "name": "Nombre del sistema",
            "external_id": "Código",
            "organisation": "Entidad responsable",
            "stage": "Estado actual",
            "risk": "Nivel de riesgo",
        },
        ("Previsión de riego", "Atención al niño", "Señales"),
        (None, "model", None),
        ("Ayuntamiento de Peña", "Confederación del Río"),
        {},
        ("En producción (desde 2022)", "Suspendido"),
    )


def city_compliance() -> Nasty:
    """New York style: agency by agency, no stage at all, years only."""
    rows = [
        ["Agency", "Tool Name", "Tool Purpose", "Date of First Use", "Vendor", "Population Affected"],
        ["Harbour Patrol", "Plate finder", "Finds plates", "June 2019", "Acme", "Drivers"],
        ["Harbour Patrol", "Plate finder", "Finds plates at night", "June 2020", "Acme", "Drivers"],
        ["School Board", "Seat sorter", "Sorts seats", "2017", "In-house", "Pupils"],
    ]
    return Nasty(
        "agency-compliance.csv",
        as_csv(rows),
        {"name": "Tool Name", "organisation": "Agency"},
        ("Plate finder", "Plate finder", "Seat sorter"),
        (None, None, None),
        ("Harbour Patrol", "School Board"),
    )


def merged_workbook() -> Nasty:
    """Title rows, headers in two rows merged both ways, a hidden sheet of pick lists, a blank tail, real dates."""

    def register(sheet: Any) -> None:
        sheet["A1"] = "Register of automated decisions"
        sheet.merge_cells("A1:F1")
        sheet["A2"] = "Status: 31 March 2031"
        for cell, text in {
            "A4": "Reference",
            "B4": "System name",
            "C4": "Department",
            "D4": "Lifecycle",
            "D5": "Phase",
            "E5": "Since",
            "F4": "Remarks",
        }.items():
            sheet[cell] = text
        for merged in ("A4:A5", "B4:B5", "C4:C5", "D4:E4", "F4:F5"):
            sheet.merge_cells(merged)
        lines = [
            ("R-1", "Berth planner", "Ports", "In use", date(2029, 5, 6), "x"),
            ("R-2", "Crane rota", "Ports", "Under development", None, None),
            ("R-3", "Signal box", "Rail", "Decommissioned", date(2030, 1, 2), None),
        ]
        for number, line in enumerate(lines, 6):
            for place, value in enumerate(line, 1):
                sheet.cell(number, place, value)
        for number in range(9, 60):
            sheet.cell(number, 1, " ")

    def lists(sheet: Any) -> None:
        for line in [
            ["System name", "Phase", "Department"],
            ["x", "In use", "Ports"],
            ["y", "Planned", "Rail"],
        ]:
            sheet.append(line)

    return Nasty(
        "register.xlsx",
        as_xlsx(("Lists", lists), ("Register", register), hidden=["Lists"]),
        {"name": "System name", "external_id": "Reference", "organisation": "Department", "stage": "Phase"},
        ("Berth planner", "Crane rota", "Signal box"),
        ("production:live", "model", "production:retired"),
        ("Ports", "Rail"),
        {"Since": "2029-05-06"},
    )


def groups_in_csv() -> Nasty:
    """The same two header rows saved as CSV: titles of groups above, labels only where there is a group."""
    rows = [
        ["Register 2031", "", "", "", ""],
        ["Algorithm name", "Authority", "Dates", "", "Current phase"],
        ["", "", "Start date", "End date", ""],
        ["Berth planner", "Ports", "2029-05-06", "", "In operation"],
        ["Crane rota", "Ports", "2030-01-02", "2031-01-01", "Discontinued"],
    ]
    return Nasty(
        "groups.csv",
        as_csv(rows),
        {"name": "Algorithm name", "organisation": "Authority", "stage": "Current phase"},
        ("Berth planner", "Crane rota"),
        ("production:live", "production:retired"),
        ("Ports",),
        {"Start date": "2029-05-06"},
    )


def headers_twice() -> Nasty:
    """Headers in English, and once more in French in the row below."""
    rows = [
        ["Name", "Organization", "Status", "Summary"],
        ["Nom", "Organisme", "Statut", "Description"],
        ["Grain grader / Classeur", "Grain Board", "In production / En production", "Grades"],
        ["Mail router / Trieur", "Post Office", "Planned / Prévu", "Routes"],
    ]
    return Nasty(
        "bilingual.csv",
        as_csv(rows),
        {"name": "Name", "organisation": "Organization", "stage": "Status"},
        ("Grain grader / Classeur", "Mail router / Trieur"),
        ("production:live", "discovery"),
        ("Grain Board", "Post Office"),
    )


def inventory_2023() -> Nasty:
    """American style of 2023: underscores, long stage words behind numbers."""
    rows = [
        ["Use_Case_ID", "Agency", "Office", "Title", "Summary", "Development_Stage", "Techniques"],
        [
            "HAR-0000-2023",
            "Department of Harbours",
            "Docks",
            "Dredge plan",
            "Plans",
            "Operation and Maintenance (> 6 months)",
            "ML",
        ],
        [
            "HAR-0001-2023",
            "Department of Harbours",
            "Docks",
            "Silt map",
            "Maps",
            "Development and Acquisition",
            "ML",
        ],
        ["HAR-0002-2023", "Department of Harbours", "Docks", "Tug alarm", "Rings", "Unknown", "ML"],
    ]
    return Nasty(
        "2023-inventory.csv",
        as_csv(rows),
        {
            "name": "Title",
            "external_id": "Use_Case_ID",
            "organisation": "Agency",
            "stage": "Development_Stage",
        },
        ("Dredge plan", "Silt map", "Tug alarm"),
        ("production:live", "model", None),
        ("Department of Harbours",),
        {},
        ("Unknown",),
    )


def geo_features() -> Nasty:
    """GeoJSON: what is said of a record stands under "properties"; the organisation is an object."""
    features = [
        {
            "type": "Feature",
            "id": f"f-{number}",
            "geometry": {"type": "Point", "coordinates": [4.9, 52.3]},
            "properties": {"naam": name, "organisatie": {"naam": unit}, "fase": phase},
        }
        for number, (name, unit, phase) in enumerate(
            [
                ("Sluisplanner", "Waterschap Noord", "In gebruik"),
                ("Dijkcamera", "Waterschap Zuid", "Pilotfase"),
            ]
        )
    ]
    return Nasty(
        "registers.geojson",
        json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        {"name": "naam", "organisation": "organisatie.naam", "stage": "fase"},
        ("Sluisplanner", "Dijkcamera"),
        ("production:live", "production:rollout"),
        ("Waterschap Noord", "Waterschap Zuid"),
    )


def json_lines() -> Nasty:
    lines = [
        {
            "systemId": "S1",
            "systemName": "Berth planner",
            "owningDepartment": "Ports",
            "lifecyclePhase": "live",
        },
        {
            "systemId": "S2",
            "systemName": "Crane rota",
            "owningDepartment": "Ports",
            "lifecyclePhase": "IDEATION",
        },
        {
            "systemId": "S3",
            "systemName": "Signal box",
            "owningDepartment": "Rail",
            "lifecyclePhase": "paused",
        },
    ]
    return Nasty(
        "systems.jsonl",
        "\n".join(map(json.dumps, lines)).encode("utf-8-sig"),
        {
            "name": "systemName",
            "external_id": "systemId",
            "organisation": "owningDepartment",
            "stage": "lifecyclePhase",
        },
        ("Berth planner", "Crane rota", "Signal box"),
        ("production:live", "discovery", None),
        ("Ports", "Rail"),
        {},
        ("paused",),
    )


def catalogue_answer() -> Nasty:
    """The answer of an open-data catalogue: a list of fields beside the list of records."""
    fields = [{"id": name, "type": "text"} for name in ("_id", "Algorithm", "Municipality", "State")]
    records = [
        {"_id": 1, "Algorithm": "Bin route", "Municipality": "Vale", "State": "Operational"},
        {"_id": 2, "Algorithm": "Tree count", "Municipality": "Marsh", "State": "Out of use"},
    ]
    return Nasty(
        "datastore.json",
        json.dumps({"success": True, "result": {"fields": fields, "records": records, "total": 2}}).encode(),
        {"name": "Algorithm", "external_id": "_id", "organisation": "Municipality", "stage": "State"},
        ("Bin route", "Tree count"),
        ("production:live", "production:retired"),
        ("Marsh", "Vale"),
    )


def rows_and_columns() -> Nasty:
    """Column names apart from rows without any."""
    document = {
        "meta": {
            "view": {"columns": [{"name": "Project title"}, {"name": "Lead agency"}, {"name": "Stage"}]}
        },
        "data": [["Bin route", "Vale", "Pilot"], ["Tree count", "Marsh", "Proof of concept"]],
    }
    return Nasty(
        "rows.json",
        json.dumps(document).encode(),
        {"name": "Project title", "organisation": "Lead agency", "stage": "Stage"},
        ("Bin route", "Tree count"),
        ("production:rollout", "feasibility"),
        ("Marsh", "Vale"),
    )


def objects_by_key() -> Nasty:
    document = {
        "alg-1": {"titolo": "Percorso", "ente": "Comune di Valle", "stato": "In esercizio"},
        "alg-2": {"titolo": "Conteggio", "ente": "Comune di Palude", "stato": "In sviluppo"},
    }
    return Nasty(
        "algoritmi.json",
        json.dumps(document).encode(),
        {"name": "titolo", "external_id": "key", "organisation": "ente", "stage": "stato"},
        ("Percorso", "Conteggio"),
        ("production:live", "model"),
        ("Comune di Palude", "Comune di Valle"),
    )


def columns_without_words() -> Nasty:
    """Headers that say nothing of a name: the content does."""
    rows = [["Vessel", "Fleet unit", "Where it stands"]] + [
        [f"Vessel of the {word} river", unit, phase]
        for word, unit, phase in [
            ("long", "Ports", "Planned"),
            ("short", "Ports", "In use"),
            ("deep", "Rail", "Retired"),
            ("wide", "Rail", "In use"),
            ("old", "Rail", "Moored"),
        ]
    ]
    return Nasty(
        "fleet.csv",
        as_csv(
            [
                ["Owner id", *rows[0], "Department"],
                *([f"V{n}", *row, "North"] for n, row in enumerate(rows[1:])),
            ]
        ),
        {"name": "Vessel", "stage": "Where it stands", "organisation": "Department"},
        tuple(row[0] for row in rows[1:]),
        ("discovery", "production:live", "production:retired", "production:live", None),
        ("North",),
        {},
        ("Moored",),
    )


def polish_central() -> Nasty:
    """Windows-1250, whose letters Windows-1252 would garble."""
    rows = [
        ["Nazwa systemu", "Urząd", "Status"],
        ["Łączność świadczeń", "Urząd Żeglugi", "Wdrożony"],
        ["Książka zgłoszeń", "Urząd Łęgów", "Planowany"],
    ]
    return Nasty(
        "rejestr.csv",
        as_csv(rows, delimiter=";", encoding="cp1250"),
        {"name": "Nazwa systemu", "organisation": "Urząd", "stage": "Status"},
        ("Łączność świadczeń", "Książka zgłoszeń"),
        ("production:live", "discovery"),
        ("Urząd Łęgów", "Urząd Żeglugi"),
    )


def dashes_lost_on_the_way() -> Nasty:
    """Long stage words whose dash a wrong encoding made something else of, letters told twice, blanks spelt out."""
    says = "the case is run in a small and closed circle of people"
    rows = [
        [
            "Use Case Title",
            "Lead Organization",
            "Lead Organization Type",
            "Status",
            "High-risk flag",
            "Added",
        ],
        ["Gate watcher", "Port", "Public", f"a) a) Pre-deployment \u00f1 {says}", "Yes", "2024-05-13"],
        ["Tide teller", "Port", "Public", f"b)  Pilot \u00a4 {says}", "No", "2024-05-14"],
        ["Buoy finder", "Rail", "Public", f"Deployed \u00e2\u20ac\u201c {says}", "Unsure", "[blank]"],
        ["Rope counter", "Rail", "Public", f"Retired \u0096 {says}", "No", "(blank)"],
        ["Crane chooser", "[blank]", "[blank]", "pre deployment", "No", "2024-06-01"],
        ["Lock keeper", "Rail", "Public", "Planned (not in production)", "No", "2024-06-02"],
        ["Fog seer", "Rail", "Public", "Deployed?", "No", "2024-06-03"],
        ["Sand mover", "Rail", "Public", "[blank]", "No", "2024-06-04"],
    ]
    return Nasty(
        "lost.csv",
        as_csv(rows),
        {
            "name": "Use Case Title",
            "organisation": "Lead Organization",
            "stage": "Status",
            "risk": "High-risk flag",
        },
        tuple(row[0] for row in rows[1:]),
        (
            *("model", "production:rollout", "production:live", "production:retired", "model", "discovery"),
            *(None, None),
        ),
        ("Port", "Rail"),
        {"Added": "2024-05-13"},
        ("Deployed?", ""),
    )


def web_table_of_an_agency() -> Nasty:
    """Yes-or-no questions about an agency are not the agency; withheld rows say one word in every cell."""
    rows = [
        [
            *("AI Use Case Name", "Agency With AI Use Case", "Current Stage Of Production"),
            *("Agency Training Used", "Agency Able To Test Code"),
        ],
        *[["WITHHELD"] * 5] * 3,
        ["Rail sounder", "Rail Board", "In production: less than 1 year", "Yes", "No"],
        ["Bridge watch", "Road Board", "In production: more than 1 year", "No", "No"],
        ["Slope guard", "Road Board", "Deployment", "Yes", "Yes"],
        ["Frost call", "Road Board", "Operation and Management", "Yes", "Yes"],
    ]
    return Nasty(
        "web.csv",
        as_csv(rows),
        {
            "name": "AI Use Case Name",
            "organisation": "Agency With AI Use Case",
            "stage": "Current Stage Of Production",
        },
        tuple(row[0] for row in rows[1:]),
        (None, None, None, "production:live", "production:live", None, "production:live"),
        ("Rail Board", "Road Board", "WITHHELD"),
        {},
        ("WITHHELD", "Deployment"),
    )


def row_numbers_without_a_header() -> Nasty:
    """The header leaves out the row numbers, so that every label stands one to the left."""
    rows = [
        ["System name", "Bureau", "Phase", ""],
        ["1", "Pole planner", "Grid", "Beta"],
        ["2", "Leak finder", "Water", "Idea"],
        ["4", "Meter reader", "Grid", "Sandbox"],
    ]
    return Nasty(
        "numbered.csv",
        as_csv(rows),
        {"name": "System name", "organisation": "Bureau", "stage": "Phase"},
        ("Pole planner", "Leak finder", "Meter reader"),
        ("production:rollout", "discovery", None),
        ("Grid", "Water"),
        {},
        ("Sandbox",),
    )


def details_one_level_down() -> Nasty:
    """What was fetched stands around the record itself, under a key of the fetcher's own."""
    rows = [("Post sorter", "Buiten gebruik"), ("Parkeerwacht", "In gebruik"), ("Waterteller", "Gestopt")]
    items = [
        {
            "nr": f"N{place}",
            "fetched": "2026-02-14T10:00:00Z",
            "answer": {"name": name, "organization": "Gemeente Veer", "status": status, "goal": "Telt"},
        }
        for place, (name, status) in enumerate(rows)
    ]
    return Nasty(
        "details.json",
        json.dumps(items).encode(),
        {"name": "name", "organisation": "organization", "stage": "status"},
        tuple(name for name, _ in rows),
        ("production:retired", "production:live", None),
        ("Gemeente Veer",),
        {},
        ("Gestopt",),
    )


def czech_catalogue() -> Nasty:
    """Two words in one cell: one idea in other words, or two stages, of which a person chooses."""
    stages = ["Nápad / záměr", "Pilot / PoC", "Ve vývoji", "Produkce"]
    items = [
        {
            "id": place,
            "Název projektu": f"Lávka {place}",
            "Instituce": "Úřad přístavu",
            "Stav projektu": stage,
        }
        for place, stage in enumerate(stages, 1)
    ]
    return Nasty(
        "katalog.json",
        json.dumps(items, ensure_ascii=False).encode(),
        {"name": "Název projektu", "organisation": "Instituce", "stage": "Stav projektu"},
        ("Lávka 1", "Lávka 2", "Lávka 3", "Lávka 4"),
        ("discovery", None, "model", "production:live"),
        ("Úřad přístavu",),
        {},
        ("Pilot / PoC",),
    )


def norwegian_semicolons() -> Nasty:
    rows = [
        ["Prosjekttittel", "Virksomhet", "Status", "Startår"],
        ["Isvarsel", "Havnevesenet", "I drift", "2019"],
        ["Kaiplan", "Fyrvesenet", "Under utvikling", "2021"],
        ["Loskart", "Fyrvesenet", "Avsluttet", "2020"],
    ]
    return Nasty(
        "liste.csv",
        as_csv(rows, delimiter=";", encoding="cp1252"),
        {"name": "Prosjekttittel", "organisation": "Virksomhet", "stage": "Status"},
        ("Isvarsel", "Kaiplan", "Loskart"),
        ("production:live", "model", None),
        ("Fyrvesenet", "Havnevesenet"),
        {},
        ("Avsluttet",),
    )


def model_registry() -> Nasty:
    """A run is of one version, so it names no model; the agency that publishes owns one."""
    rows = [
        ["model_name", "publishing_body", "run_id", "latest_version", "current_stage", "created"],
        ["churn", "Rail", "a1b2c3", "3", "Production", "2024-01-31"],
        ["delay", "Port", "d4e5f6", "1", "Staging", "2024-02-01"],
        ["wear", "Rail", "a7b8c9", "2", "Archived", "2024-02-02"],
    ]
    return Nasty(
        "models.csv",
        as_csv(rows),
        {"name": "model_name", "organisation": "publishing_body", "stage": "current_stage"},
        ("churn", "delay", "wear"),
        ("production:live", None, None),
        ("Port", "Rail"),
        {"created": "2024-01-31"},
        ("Staging", "Archived"),
    )


ALL = (
    algorithmic_transparency,
    federal_bilingual,
    french_inventory,
    german_tabs,
    spanish_latin,
    city_compliance,
    merged_workbook,
    groups_in_csv,
    headers_twice,
    inventory_2023,
    geo_features,
    json_lines,
    catalogue_answer,
    rows_and_columns,
    objects_by_key,
    columns_without_words,
    polish_central,
    dashes_lost_on_the_way,
    web_table_of_an_agency,
    row_numbers_without_a_header,
    details_one_level_down,
    czech_catalogue,
    norwegian_semicolons,
    model_registry,
)
