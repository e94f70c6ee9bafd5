"""The outside world, one thing each, with its errors translated into ours."""
