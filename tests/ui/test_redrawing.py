"""What an answer draws again, as the browser is told it."""

from __future__ import annotations

from pathlib import Path

from bench.drive import Session, text
from bench.installation import PROJECT, installation
from scripts.serving import serving


def test_answer_draws_progress_and_checks_again_only_when_they_change(tmp_path: Path) -> None:
    with installation(tmp_path) as installed, serving(tmp_path) as server:
        query = f"project={PROJECT}&stage=discovery&section=problem"
        with Session(server.url, installed.cookie(), page="worksheet", query=query) as tab:
            first = tab.keyed[f"answer:{installed.project_id}:0:D01:value"]
            tab.rerun(text(first, "Planners phone round for three hours."))
            of_question_alone = tab.messages
            assert not [label for label in tab.widgets if "8/9" in label]
            tab.rerun(text(first, ""))
            assert [label for label in tab.widgets if "8/9" in label]
            assert tab.messages > of_question_alone
            assert of_question_alone < 25
