"""Worksheets as spreadsheets, out and in."""

from lifecycle.ui import project
from lifecycle.ui.views import spreadsheets

spreadsheets.show(project.current())
