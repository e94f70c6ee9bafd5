"""Is it so yet? Pure readings of a scene: rolled out or not, and what speaks against it ever being."""

from dot_ai_lifecycle.core.conditions.reading import Foreign, Gone, Met, Reading, Signal, Waiting

__all__ = ["Foreign", "Gone", "Met", "Reading", "Signal", "Waiting"]
