"""ketgrad against Qiskit, an independent simulator, on random circuits; `nox -s differential` runs it.

Qiskit is installed in that session alone. What a circuit does is written once, as a recipe, and built in both.
"""
