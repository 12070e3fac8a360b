"""The questions of one stage, saved as they are typed, with the live checks beside them."""

from lifecycle.ui import project
from lifecycle.ui.views import worksheet

worksheet.show(project.current())
