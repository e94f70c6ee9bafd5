"""Blue-green for a Deployment that stops all its pods before it starts new ones: a clone serves meanwhile.

Two whole sets cannot stand side by side within one Deployment whose strategy is Recreate. So a second one, with the new
template, is proven beside it and takes its traffic; then the app itself changes while nobody is served by it, takes the
traffic back, and the clone goes. Which pods a Service sends to is said by their hash, as in any blue-green change. In
the end the app is the only object, with its own strategy.
"""

from dot_ai_lifecycle.core.late import NEW_HASH, is_late, late
from dot_ai_lifecycle.core.pointers import pointer
from dot_ai_lifecycle.core.refs import DEPLOYMENT, Ref, ref_to
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Edit, Kept, Step, WayBack
from dot_ai_lifecycle.core.workload import Manifest, Workload
from dot_ai_lifecycle.domain.strategies.rollout import Rollout
from dot_ai_lifecycle.domain.strategies.switching import PROXIES, led_back, name_of, pinned, routed, surged

CLONE_HASH = late("clone-hash")
"""The hash of the clone's pods; known once they are ready."""

TRACK = "lifecycle.dot-ai/track"
"""The label by which the pods of a clone are told from those of the app: Services and policies find both."""

_ENDS = 60.0
"""Seconds for the clone to be collected, beside the time that its pods have to end."""

_GRACE = 30.0  # Kubernetes' own default
_LONGEST = 58  # what leaves room in the names of its pods


def clone_ref(workload: Workload) -> Ref:
    """The Deployment that a clone of the app would be."""
    return ref_to(DEPLOYMENT, f"{workload.name[:_LONGEST].rstrip('-.')}-next", workload.namespace)


def by_clone(rollout: Rollout, old_hash: str, *before_switch: Step, standby: float = 0) -> tuple[Step, ...]:
    """The steps of a change by a clone; `old_hash` is the pod-template-hash of the revision that serves now.

    For `standby` seconds after the switch the old pods stand by, and the way back takes seconds. Later it takes as long
    as the old pods take to start, with the clone serving.
    """
    clone, why = _Clone(rollout), "the new version alone is asked"
    kept = {"keeps": Kept(ref=rollout.workload.ref, template=rollout.workload.template_digest)}

    def untouched(*steps: Step) -> tuple[Step, ...]:
        return tuple(step.model_copy(update=kept) for step in steps)

    served = rollout.served("it serves through its own Services")
    old_alone = routed(rollout, old_hash, "the old version alone is asked", PROXIES)
    return (
        *led_back(pinned(rollout, None, old_hash, "sends to the old version alone"), served),
        *untouched(*routed(rollout, old_hash, "the old version alone is asked")),
        clone.made(),
        *untouched(clone.proven(), *before_switch),
        *led_back(pinned(rollout, old_hash, CLONE_HASH, "sends to the new version"), *old_alone),
        *untouched(*clone.routed(why, PROXIES + standby)),
        *_changed(rollout),
        *led_back(
            pinned(rollout, CLONE_HASH, NEW_HASH, "sends to the app itself again"),
            *clone.routed("the clone alone is asked", PROXIES),
        ),
        *routed(rollout, NEW_HASH, why, PROXIES),
        clone.gone(),
        *pinned(rollout, NEW_HASH, None, "sends to every pod of the app again"),
        rollout.served(),
    )


def _changed(rollout: Rollout) -> tuple[Step, ...]:
    """The app itself, while nobody is served by it."""
    back = rollout.returned({}, {}, "the pod template that was there before")
    again = surged(rollout, None, "", "the old version comes up again while the clone serves")
    begun = rollout.begun({}, {}, f"{rollout.why}, while the clone serves")
    return (
        begun.model_copy(update={"back": WayBack(steps=(back, again))}),
        surged(rollout, None, NEW_HASH, "its own pods are ready"),
    )


class _Clone:
    """The Deployment that serves for a time, and the steps that are about it."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._ref = clone_ref(rollout.workload)

    def made(self) -> Create:
        """The clone, whose way back waits for its last pod: Services that are unpinned must not find it."""
        return self._create(self._rollout.why).model_copy(update={"back": WayBack(steps=(self._delete(),))})

    def gone(self) -> Delete:
        back = WayBack(steps=(self._create("it serves while the app goes back"), self.proven()))
        return self._delete().model_copy(update={"back": back})

    def proven(self) -> Await:
        workload = self._rollout.workload
        return Await(
            ref=self._ref,
            until="surged",
            ready_for=workload.min_ready_seconds,
            learns=name_of(CLONE_HASH),
            within=self._rollout.within,
            why="the new version is proven beside the old one",
        )

    def routed(self, why: str, settle: float) -> tuple[Step, ...]:
        return tuple(
            step.model_copy(update={"ref": self._ref}) for step in routed(self._rollout, CLONE_HASH, why, settle)
        )

    def _create(self, why: str) -> Create:
        known = tuple(edit for edit in self._rollout.edits if not is_late(edit.new))
        label = Edit(path=pointer("spec", "template", "metadata", "labels", TRACK), new="next")
        manifest = _manifest(self._rollout.workload, self._ref)
        why = f"{why}, beside the old pods" if why == self._rollout.why else why
        return Create(ref=self._ref, manifest=manifest, like=self._rollout.workload.ref, edits=(*known, label), why=why)

    def _delete(self) -> Delete:
        workload = self._rollout.workload
        grace = float(workload.template["spec"].get("terminationGracePeriodSeconds", _GRACE))
        manifest = _manifest(workload, self._ref)
        return Delete(ref=self._ref, was=manifest, within=_ENDS + grace, why="nobody is served by it")


def _manifest(workload: Workload, ref: Ref) -> Manifest:
    """The clone but for its pod template; it goes with the app, should somebody delete that."""
    selector = workload.spec["selector"]
    own = {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name, "uid": workload.uid}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": ref.name,
            "namespace": workload.namespace,
            "labels": {"app.kubernetes.io/managed-by": "dot-ai-lifecycle"},
            "ownerReferences": [own],
        },
        "spec": {
            "replicas": workload.replicas,
            "minReadySeconds": workload.min_ready_seconds,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), TRACK: "next"}},
        },
    }
