"""Operation."""

from lifecycle.ui import project
from lifecycle.ui.views import operation

operation.show(project.current())
