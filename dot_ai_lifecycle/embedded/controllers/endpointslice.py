"""EndpointSlices and Endpoints: which pods a Service reaches, and in what state each of them is."""

from collections import defaultdict
from typing import Any

from dot_ai_lifecycle.embedded.controllers.plane import Plane
from dot_ai_lifecycle.embedded.controllers.pods import finished, owner_reference, ready, terminating
from dot_ai_lifecycle.embedded.controllers.queue import Key
from dot_ai_lifecycle.embedded.objects import Object

SLICE_SIZE = 100
SERVICE_LABEL = "kubernetes.io/service-name"
_WRITTEN_BY = "endpointslice.kubernetes.io/managed-by"
_ME = "endpointslice-controller.k8s.io"

Ports = tuple[tuple[str, int, str], ...]


def reconcile(plane: Plane, key: Key) -> float | None:
    """Bring the slices of one Service in line with its pods."""
    mine = plane.get("Service", key)
    if mine is None or not mine["spec"].get("selector"):
        return None
    groups = _groups(plane, mine)
    owned = plane.index.owned("EndpointSlice", mine["metadata"]["uid"])
    by_ports: dict[Ports, list[Object]] = defaultdict(list)
    for one in owned:
        by_ports[_ports_of(one)].append(one)
    for ports in [ports for ports in by_ports if ports not in groups]:
        for one in by_ports.pop(ports):
            plane.store.delete("EndpointSlice", one["metadata"]["name"], key.namespace)
    for ports, pods in groups.items():
        _level(plane, mine, ports, pods, by_ports.get(ports, []))
    _endpoints(plane, mine, groups)
    return None


def _groups(plane: Plane, mine: Object) -> dict[Ports, list[Object]]:
    """The Service's pods by the numbers its ports come to there (a named port may differ from pod to pod)."""
    groups: dict[Ports, list[Object]] = defaultdict(list)
    for pod in plane.index.selected(mine):
        if (pod.get("status") or {}).get("podIP") and not finished(pod):
            groups[resolved(mine, pod)].append(pod)
    if not groups:
        groups[()] = []
    return groups


def resolved(mine: Object, pod: Object) -> Ports:
    """The Service's ports at this pod: name, number, protocol; ports whose name the pod does not know are left out."""
    found = []
    for port in mine["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named(pod, target)
        if number:
            found.append((port.get("name", ""), number, port.get("protocol", "TCP")))
    return tuple(found)


def _named(pod: Object, name: str) -> int:
    everyone = pod["spec"]["containers"] + [
        one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"
    ]
    return next((p["containerPort"] for one in everyone for p in one.get("ports") or () if p.get("name") == name), 0)


def _ports_of(slice_: Object) -> Ports:
    return tuple((p.get("name", ""), p["port"], p["protocol"]) for p in slice_.get("ports") or ())


def _endpoint(mine: Object, pod: Object) -> dict[str, Any]:
    serving, going = ready(pod), terminating(pod)
    always = bool(mine["spec"].get("publishNotReadyAddresses"))
    endpoint: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": always or (serving and not going), "serving": always or serving, "terminating": going},
        "targetRef": _reference(pod),
        "nodeName": pod["spec"]["nodeName"],
    }
    if pod["spec"].get("subdomain") == mine["metadata"]["name"] and pod["spec"].get("hostname"):
        endpoint["hostname"] = pod["spec"]["hostname"]
    return endpoint


def _reference(pod: Object) -> dict[str, str]:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _level(plane: Plane, mine: Object, ports: Ports, pods: list[Object], have: list[Object]) -> None:
    """Pods keep their slice; newcomers fill up the last ones, and empty slices go (one stays)."""
    left = {pod["metadata"]["uid"]: pod for pod in pods}
    filled: list[tuple[Object | None, list[Object]]] = []
    for slice_ in have:
        uids = [end["targetRef"]["uid"] for end in slice_.get("endpoints") or ()]
        filled.append((slice_, [left.pop(uid) for uid in uids if uid in left]))
    for pod in left.values():
        room = next((inside for _, inside in filled if len(inside) < SLICE_SIZE), None)
        if room is None:
            filled.append((None, room := []))
        room.append(pod)
    if not filled:
        filled.append((None, []))
    for number, (one, inside) in enumerate(filled):
        if one is not None and not inside and number:
            plane.store.delete("EndpointSlice", one["metadata"]["name"], mine["metadata"]["namespace"])
        else:
            _write(plane, mine, one, ports, [_endpoint(mine, pod) for pod in inside])


def _write(plane: Plane, mine: Object, have: Object | None, ports: Ports, endpoints: list[dict[str, Any]]) -> None:
    if have is not None:
        if have.get("endpoints") != endpoints:

            def change(fresh: Object) -> None:
                fresh["endpoints"] = endpoints

            plane.edit(have, change)
        return
    meta = mine["metadata"]
    labels = dict(meta.get("labels") or {}) | {SERVICE_LABEL: meta["name"], _WRITTEN_BY: _ME}
    if mine["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    plane.store.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "labels": labels,
                "ownerReferences": [owner_reference(mine)],
            },
            "addressType": "IPv4",
            "ports": [{"name": name, "port": number, "protocol": protocol} for name, number, protocol in ports],
            "endpoints": endpoints,
        }
    )


def _endpoints(plane: Plane, mine: Object, groups: dict[Ports, list[Object]]) -> None:
    """The older Endpoints object of the same name; pods on their way out are not in it."""
    subsets = []
    for ports, pods in groups.items():
        staying = [pod for pod in pods if not terminating(pod)]
        always = bool(mine["spec"].get("publishNotReadyAddresses"))
        good = [_address(pod) for pod in staying if always or ready(pod)]
        bad = [_address(pod) for pod in staying if not (always or ready(pod))]
        if good or bad:
            shown = [
                {"name": name, "port": n, "protocol": p} if name else {"port": n, "protocol": p} for name, n, p in ports
            ]
            subset = {"addresses": good, "notReadyAddresses": bad, "ports": shown}
            subsets.append({name: value for name, value in subset.items() if value})
    meta = mine["metadata"]
    have = plane.get("Endpoints", Key(meta["namespace"], meta["name"]))
    if have is None:
        wanted = {"name": meta["name"], "namespace": meta["namespace"]}
        if meta.get("labels"):
            wanted["labels"] = dict(meta["labels"])
        fresh: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": wanted}
        plane.store.create(fresh | ({"subsets": subsets} if subsets else {}))
    elif have.get("subsets", []) != subsets:

        def change(fresh: Object) -> None:
            fresh["subsets"] = subsets

        plane.edit(have, change)


def _address(pod: Object) -> dict[str, Any]:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _reference(pod)}
