"""What will be late, and whom to ask by when."""

from lifecycle.ui.views import roadmap

roadmap.show()
