"""What the tests stand on: virtual time, and a cluster to act on."""
