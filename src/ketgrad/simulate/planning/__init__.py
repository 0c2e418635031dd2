"""A circuit's structure, analysed once for the compiled kernels: merged gates, passes over tiles, tables."""
