"""Guide."""

from lifecycle.ui.views import guide

guide.show()
