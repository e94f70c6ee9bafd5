"""Is the new version as good as the old one? Pure judging of what was seen and measured of both at the same time."""
