"""Whether an update can be lossless, told before it begins: small checks, each by itself, and the verdict they make."""
