"""``python -m costctl``."""

import sys

from costctl.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
