"""People and invitations."""

from lifecycle.ui.views import people

people.show()
