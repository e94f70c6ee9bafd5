"""The configuration files of the programs. They are JSON where YAML is asked for: JSON is YAML."""

import json
from pathlib import Path
from typing import Any

from tests.real.cluster.keys import NODE_ADDRESS
from tests.real.cluster.prerequisites import CNI_PLUGINS

SANDBOX_IMAGE = "box.local/pause:1"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"  # in the room's own /run
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"


def write_all(directory: Path, cgroup: str) -> None:
    """Write what the programs read; keys and kubeconfigs lie in `directory`/pki already."""
    (directory / "cni").mkdir()
    (directory / "containerd.toml").write_text(_containerd(directory), encoding="utf-8")
    (directory / "Corefile").write_text(_coredns(directory), encoding="utf-8")
    _write(directory / "cni" / "10-pods.conflist", _pod_network())
    _write(directory / "kubelet.yaml", _kubelet(directory, cgroup))
    _write(directory / "proxy.yaml", _proxy(directory))


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _containerd(directory: Path) -> str:
    # Its root is in memory too: container layers want an overlay, which a disk that is an overlay itself cannot hold.
    # Without CAP_SYS_RESOURCE runc cannot lower oom_score_adj: it dies with "can't get final child's PID from pipe".
    return f"""\
version = 2
root = "/run/containerd-root"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{directory}/cni"
"""


def _pod_network() -> dict[str, Any]:
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": "10.244.0.0/22"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/ipam",
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": ipam}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}


def _kubelet(directory: Path, cgroup: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{directory}/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": True,  # without it the kubelet panics at the first in-place resize
        "cgroupRoot": f"/{cgroup}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi"},  # the machine's disk is not the test's business
        "maxPods": 250,
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_ADDRESS],
        "nodeStatusUpdateFrequency": "5s",
    }


def _proxy(directory: Path) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": f"{directory}/pki/proxy.conf"},
        # No clusterCIDR: what comes from the node then keeps its source port. With one, each connection of the probe
        # would get a port by chance, one in ten that a pod still remembers from a minute ago; Linux refuses such a
        # connection in every other case, and a request is lost that no update lost.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "hostnameOverride": "node1",
        "iptables": {"minSyncPeriod": "1s"},  # Kubernetes' default: rules lag by up to a second, as they do anywhere
    }


def _coredns(directory: Path) -> str:
    return f"""\
.:53 {{
  bind {NODE_ADDRESS}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {directory}/pki/admin.conf
  }}
  cache 5
}}
"""


def base_objects() -> list[dict[str, Any]]:
    """What every cluster has: a default storage class (directories) and the Service of DNS (a process beside it)."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations": default},
            "provisioner": "kubernetes.io/host-path",
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {"clusterIP": DNS_ADDRESS, "ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kube-dns",
                "namespace": "kube-system",
                "labels": {"kubernetes.io/service-name": "kube-dns"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": True}}],
            "ports": ports,
        },
    ]
