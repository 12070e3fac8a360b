"""The promises are tried on the real pages too: the frame under AppTest, with whoever a test signs in."""

from __future__ import annotations

from tests.pages.conftest import see as see
from tests.ui.conftest import open_page as open_page
from tests.ui.conftest import screens as screens
