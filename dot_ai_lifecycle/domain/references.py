"""Which ConfigMaps, Secrets and volume claims a pod template refers to: names and places, never what is in them."""

from typing import NamedTuple

from dot_ai_lifecycle.core.needs import needs
from dot_ai_lifecycle.core.workload import Manifest

_CONFIGURATION = ("ConfigMap", "PersistentVolumeClaim", "Secret")


class Reference(NamedTuple):
    """One object a template names, and where: `env`, `envFrom`, `volume`, `imagePullSecrets`."""

    kind: str
    name: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({', '.join(self.places)})"


def references(template: Manifest) -> tuple[Reference, ...]:
    """All references of the template, by kind and name, each once."""
    found: dict[tuple[str, str], list[str]] = {}
    for need in needs(template):
        if need.kind in _CONFIGURATION:
            places = found.setdefault((need.kind, need.name), [])
            if need.place not in places:
                places.append(need.place)
    return tuple(Reference(kind, name, tuple(places)) for (kind, name), places in sorted(found.items()))
