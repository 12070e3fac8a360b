"""Audit."""

from lifecycle.ui.views import audit

audit.show()
