"""Proposes, performs, watches, records, takes back. Knows steps, not operations."""
