"""What is measured: Pauli sums and ready Hamiltonians."""
