"""What we know about Kubernetes applications. Pure: no I/O, no clients, no clocks."""
