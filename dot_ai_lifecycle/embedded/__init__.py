"""The cluster in a box: Kubernetes in memory, for newcomers, for fast tests and for faults on demand."""
