"""The days ahead of all projects."""

from lifecycle.ui.views import days_ahead

days_ahead.show()
