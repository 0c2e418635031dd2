"""Derivatives of functions of arrays, on any backend."""
