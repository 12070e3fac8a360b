"""Words in all projects that somebody may read."""

from lifecycle.ui.views import search

search.show()
