"""Plan."""

from lifecycle.ui import project
from lifecycle.ui.views import plan

plan.show(project.current())
