"""`python -m lifecycle …`"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    # What a command imports stays: looking through it for garbage on the way takes a fifth of the start.
    gc.set_threshold(100_000)
    from lifecycle.cli import main

    main()
