"""The backends that come with ketgrad, one module for each framework; importing this imports none of them."""
