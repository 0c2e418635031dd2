"""ketgrad side by side with other simulators that differentiate: `python -m benchmarks --help`."""
