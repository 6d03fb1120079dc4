"""Opens the window: what a double click runs."""

import sys

from inspector.app.main import main

if __name__ == "__main__":
    sys.exit(main())
