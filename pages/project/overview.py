"""Project overview."""

from lifecycle.ui import project
from lifecycle.ui.views import overview

overview.show(project.current())
