"""How early the production questions were answered."""

from lifecycle.ui.views import early_planning

early_planning.show()
