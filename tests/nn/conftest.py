"""What pytest must not import to look for examples: cases for processes of their own, one for each backend of Keras."""

import os

collect_ignore_glob = [] if "KERAS_BACKEND" in os.environ else ["keras_*.py"]
