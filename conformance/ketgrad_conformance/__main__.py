"""`python -m ketgrad_conformance NAME`."""

import sys

from ketgrad_conformance.runner import main

if __name__ == "__main__":
    sys.exit(main())
