"""Tests against a real Kubernetes, and the cluster they run on."""
