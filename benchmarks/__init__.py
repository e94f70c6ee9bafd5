"""How fast and how small, each against a named other tool in the same run: `python -m benchmarks [NAME…]`."""
