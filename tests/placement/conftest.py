"""What pytest must not import to look for examples: code for processes of their own."""

collect_ignore = ["second_device.py", "torch_cases.py", "jax_cases.py"]
