"""Bringing in a register."""

from lifecycle.ui.views import import_register

import_register.show()
