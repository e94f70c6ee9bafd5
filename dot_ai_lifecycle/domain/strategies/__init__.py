"""How pods are replaced: rolling, blue-green, canary, and which of them an app wants."""
