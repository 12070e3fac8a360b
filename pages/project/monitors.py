"""What is watched in production."""

from lifecycle.ui import project
from lifecycle.ui.views import monitors

monitors.show(project.current())
