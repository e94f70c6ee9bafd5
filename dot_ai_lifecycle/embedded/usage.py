"""How much processor time and memory pods use: what metrics-server would say, out of the requests they get."""

from dot_ai_lifecycle.embedded.behaviour import BASE_MEMORY
from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.kubelet import Kubelets
from dot_ai_lifecycle.embedded.objects import Object
from dot_ai_lifecycle.embedded.quantities import millicores
from dot_ai_lifecycle.embedded.traffic import Traffic


class Usage:
    """Reads the use of resources at this moment."""

    def __init__(self, plane: Plane, kubelets: Kubelets, traffic: Traffic) -> None:
        self._plane = plane
        self._kubelets = kubelets
        self._traffic = traffic

    def of(self, pod: Object) -> dict[str, tuple[int, int]]:
        """Millicores and bytes of each running container by name; empty for a pod that does not run."""
        run = self._kubelets.of(pod)
        if run is None:
            return {}
        now, found = self._plane.clock(), {}
        running = [one for one in run.containers if one.state == "running" and one.app]
        rate = self._traffic.per_second(run.ip) / max(1, sum(one.role == "app" for one in running))
        for one in running:
            if one.app is None:
                continue
            cpu = one.app.millicores(rate if one.role == "app" else 0.0)
            limit = ((one.spec.get("resources") or {}).get("limits") or {}).get("cpu")
            if limit is not None:
                cpu = min(cpu, millicores(limit))
            memory = one.app.memory(now - one.running_since)
            found[one.name] = (cpu, max(BASE_MEMORY, memory))
        return found
