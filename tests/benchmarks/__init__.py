"""What the benchmarks say, without measuring anything."""
