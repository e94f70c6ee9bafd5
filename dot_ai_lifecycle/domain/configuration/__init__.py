"""Configuration: what containers are told by variables and files, and how that changes."""
