"""Tests of judging a new version beside the old one."""
