"""Who is waited for, since when."""

from lifecycle.ui.views import portfolio_reviews

portfolio_reviews.show()
