"""Data sources."""

from lifecycle.ui import project
from lifecycle.ui.views import sources

sources.show(project.current())
