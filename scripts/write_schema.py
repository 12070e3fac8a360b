"""Write the JSON Schema of the whole-project document into docs/, from the types that read it."""

from __future__ import annotations

from lifecycle.interchange.project_documents import SCHEMA_FILE, schema_text
from scripts.serving import ROOT

if __name__ == "__main__":
    (ROOT / "docs" / SCHEMA_FILE).write_text(schema_text(), "utf-8")
