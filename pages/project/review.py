"""Review."""

from lifecycle.ui.views import review

review.show()
