"""The portfolio at a glance."""

from lifecycle.ui.views import portfolio

portfolio.show()
