"""dot-ai-lifecycle: what happens to a Kubernetes application after it was deployed."""

__version__ = "0.1.0"
