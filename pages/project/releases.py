"""Releases."""

from lifecycle.ui import project
from lifecycle.ui.views import releases

releases.show(project.current())
