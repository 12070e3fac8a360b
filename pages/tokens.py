"""Access tokens."""

from lifecycle.ui.views import tokens

tokens.show()
