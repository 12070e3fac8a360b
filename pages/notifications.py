"""Notifications."""

from lifecycle.ui.views import notifications

notifications.show()
