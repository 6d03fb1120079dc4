"""``python -m inspector COMMAND``: the analyses from a terminal."""

import sys

from inspector.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
