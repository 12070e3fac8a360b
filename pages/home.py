"""My work."""

from lifecycle.ui.views import my_work

my_work.show()
