"""``python -m costctl``."""

from costctl.cli.app import main

if __name__ == "__main__":
    main()
