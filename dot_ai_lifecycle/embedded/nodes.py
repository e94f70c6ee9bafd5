"""What a worker node looks like to the API."""

from dot_ai_lifecycle.embedded.objects import Object

VERSION = "v1.34.2"

_MACHINE = {
    "kubeletVersion": VERSION,
    "containerRuntimeVersion": "containerd://2.1.0",
    "architecture": "amd64",
    "operatingSystem": "linux",
    "osImage": "embedded",
    "kernelVersion": "6.12.0",
}


def _condition(type_: str, reason: str, message: str, stamp: str, *, true: bool = False) -> Object:
    return {
        "type": type_,
        "status": "True" if true else "False",
        "lastHeartbeatTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def node(position: int, *, cpu: str, memory: str, pods: int, stamp: str) -> Object:
    """A Ready node, numbered from 1, that offers these resources."""
    name = f"node-{position}"
    room = {"cpu": cpu, "memory": memory, "pods": str(pods), "ephemeral-storage": "100Gi"}
    calm = [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ]
    conditions = [_condition(*one, stamp) for one in calm]
    conditions.append(_condition("Ready", "KubeletReady", "kubelet is posting ready status", stamp, true=True))
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": f"zone-{'abc'[(position - 1) % 3]}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "capacity": dict(room),
            "allocatable": dict(room),
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.{position // 250}.{position % 250 + 1}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": dict(_MACHINE),
            "images": [],
        },
    }
