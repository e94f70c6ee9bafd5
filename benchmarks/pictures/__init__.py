"""A picture of each update strategy, drawn from a run on a real cluster: `python -m benchmarks pictures`."""
