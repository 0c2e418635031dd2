"""How a circuit is simulated, written only against the protocol."""
