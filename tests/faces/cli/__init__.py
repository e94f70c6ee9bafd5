"""The command line: what it reads, what it asks, what it prints, how it exits."""
