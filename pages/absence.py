"""Absence: who stands in for whom."""

from lifecycle.ui.views import absence

absence.show()
