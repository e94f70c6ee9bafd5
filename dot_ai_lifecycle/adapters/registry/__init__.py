"""Image registries behind the port, by the protocol they share (OCI Distribution Specification 1.1).

The protocol is three requests and a login, so it is spoken here over plain HTTP: the libraries for it in Python are
synchronous, untyped, or push and pull whole images, and none guards its requests against names that a model made up.

Importing this does not load `aiohttp`: the first look does.
"""

from dot_ai_lifecycle.adapters.registry.registries import ImageRegistries

__all__ = ["ImageRegistries"]
