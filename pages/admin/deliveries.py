"""Deliveries."""

from lifecycle.ui.views import deliveries

deliveries.show()
