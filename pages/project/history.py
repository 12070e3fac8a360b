"""History."""

from lifecycle.ui import project
from lifecycle.ui.views import history

history.show(project.current())
