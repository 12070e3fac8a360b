"""Settings."""

from lifecycle.ui.views import settings

settings.show()
