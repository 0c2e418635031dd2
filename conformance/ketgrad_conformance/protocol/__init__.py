"""Each member of `ArrayBackend`: value, type, shape, gradient and signature."""
