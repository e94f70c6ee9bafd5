"""The programs of a cluster with their flags.

They run in a mount namespace of their own: paths are absolute, and /run is theirs alone.
"""

from pathlib import Path

from tests.real.cluster import audit
from tests.real.cluster.configuration import POD_NETWORK, SERVICE_NETWORK
from tests.real.cluster.keys import NODE_ADDRESS


def command_lines(directory: Path, coredns: Path | None, *, audited: bool = False) -> dict[str, list[str]]:
    """Program name -> command line, in the order of starting. `directory`/bin has the programs under their names."""
    programs = {
        "etcd": _etcd(),
        "containerd": ["-c", f"{directory}/containerd.toml"],
        "kube-apiserver": [*_api_server(directory), *(audit.flags(directory) if audited else ())],
        "kube-controller-manager": _controllers(directory),
        "kube-scheduler": [*_client(directory, "scheduler"), "--leader-elect=false"],
        "kubelet": _kubelet(directory),
        "kube-proxy": ["--config", f"{directory}/proxy.yaml"],
    }
    lines = {name: [f"{directory}/bin/{name}", *flags] for name, flags in programs.items()}
    lines["containerd"][0] = "containerd"
    if coredns is not None:
        lines["coredns"] = [str(coredns), "-conf", f"{directory}/Corefile"]
    return lines


def _client(directory: Path, user: str) -> list[str]:
    config = f"{directory}/pki/{user}.conf"
    kinds = ("--kubeconfig", "--authentication-kubeconfig", "--authorization-kubeconfig")
    return [f"{kind}={config}" for kind in kinds]


def _etcd() -> list[str]:
    clients, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        *("--data-dir", "/run/etcd", "--log-level", "warn", "--unsafe-no-fsync"),
        *("--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", peers),
    ]


def _api_server(directory: Path) -> list[str]:
    pki = directory / "pki"
    return [
        *("--etcd-servers", "http://127.0.0.1:2379", "--service-cluster-ip-range", SERVICE_NETWORK),
        *("--bind-address", "0.0.0.0", "--advertise-address", NODE_ADDRESS, "--allow-privileged"),
        *("--authorization-mode", "Node,RBAC", "--token-auth-file", f"{pki}/tokens.csv"),
        *("--client-ca-file", f"{pki}/ca.crt"),
        *("--tls-cert-file", f"{pki}/api.crt", "--tls-private-key-file", f"{pki}/api.key"),
        *("--service-account-issuer", "https://kubernetes.default.svc"),
        *("--service-account-key-file", f"{pki}/sa.pub", "--service-account-signing-key-file", f"{pki}/sa.key"),
        *("--requestheader-client-ca-file", f"{pki}/ca.crt"),
        *("--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group"),
        *("--requestheader-extra-headers-prefix", "X-Remote-Extra-"),
        *("--proxy-client-cert-file", f"{pki}/client.crt", "--proxy-client-key-file", f"{pki}/client.key"),
        # Logs, exec and the service proxy reach the kubelet with these, at its address rather than its name.
        *("--kubelet-client-certificate", f"{pki}/client.crt", "--kubelet-client-key", f"{pki}/client.key"),
        *("--kubelet-preferred-address-types", "InternalIP", "--enable-aggregator-routing", "--profiling=false"),
    ]


def _controllers(directory: Path) -> list[str]:
    pki = directory / "pki"
    return [
        *_client(directory, "controllers"),
        *("--service-account-private-key-file", f"{pki}/sa.key", "--root-ca-file", f"{pki}/ca.crt"),
        *("--use-service-account-credentials", "--cluster-cidr", POD_NETWORK),
        *("--leader-elect=false", "--enable-hostpath-provisioner"),
        # At the default of 20 requests a second the controllers take four seconds to start, one account after another.
        *("--kube-api-qps", "500", "--kube-api-burst", "1000"),
    ]


def _kubelet(directory: Path) -> list[str]:
    return [
        *("--config", f"{directory}/kubelet.yaml", "--kubeconfig", f"{directory}/pki/node.conf"),
        *("--hostname-override", "node1", "--node-ip", NODE_ADDRESS),
        *("--root-dir", f"{directory}/kubelet", "--cert-dir", f"{directory}/kubelet/pki"),
    ]
