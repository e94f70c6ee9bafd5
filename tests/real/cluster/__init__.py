"""A real one-node Kubernetes for tests: started in seconds, alone in namespaces of its own, gone without a trace.

Reading order: `real` (what a test gets, and the order of starting), `programs` (which programs, with which flags),
`room` with `keeper` and `inside` (the namespaces, and who cleans up), `binaries` (where the programs come from).
"""
