"""Incidents and bugs."""

from lifecycle.ui import project
from lifecycle.ui.views import incidents

incidents.show(project.current())
