"""Whole circuits: eager, compiled, mapped, differentiated, and all of these at once."""
