"""What changed lately."""

from lifecycle.ui.views import activity

activity.show()
