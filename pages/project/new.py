"""New project."""

from lifecycle.ui.views import new_project

new_project.show()
