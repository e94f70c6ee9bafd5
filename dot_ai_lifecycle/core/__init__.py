"""The vocabulary: what is observed, what is planned, what may go wrong. Standard library and pydantic only."""
