"""Apps that another engine owns: what is decided is said to it, in its own objects, and never done around it."""
