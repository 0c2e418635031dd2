"""What pytest must not import to look for examples: code for processes of its own, which choose a backend of Keras."""

collect_ignore = ["keras_training.py"]
