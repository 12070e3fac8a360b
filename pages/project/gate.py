"""Gate."""

from lifecycle.ui import project
from lifecycle.ui.views import gate

gate.show(project.current())
