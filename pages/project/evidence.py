"""The evidence shelf."""

from lifecycle.ui import project
from lifecycle.ui.views import shelf

shelf.show(project.current())
