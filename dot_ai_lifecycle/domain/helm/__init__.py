"""Helm: what its releases hold, and how they go back."""
