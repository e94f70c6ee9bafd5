"""One app at one moment: the workload and everything around it that tells how it does."""

from datetime import datetime

from msgspec import Struct

from dot_ai_lifecycle.core.objects import Autoscaler, DisruptionBudget, EndpointSlice, Event, Revision, Service
from dot_ai_lifecycle.core.pods import Pod
from dot_ai_lifecycle.core.workload import Workload, without_hash


class Scene(Struct, frozen=True):
    """What was seen of one workload, all of one look.

    `revisions` and `pods` are those the workload owns, `strangers` pods that its selector finds too; `services` those
    that select its pods; `slices` their endpoints.
    `primary` is the scene of the copy that Flagger keeps of it and lets serve.
    Parts that were not asked for are empty, and so are those in `unread`: kinds whose listing is forbidden to us. Those
    in `unwritable` may not be patched by us, and the Services named in `shared` send to pods of other apps too, where
    that was asked.
    """

    workload: Workload
    now: datetime
    revisions: tuple[Revision, ...] = ()
    pods: tuple[Pod, ...] = ()
    strangers: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()
    slices: tuple[EndpointSlice, ...] = ()
    events: tuple[Event, ...] = ()
    autoscaler: Autoscaler | None = None
    budgets: tuple[DisruptionBudget, ...] = ()
    unread: tuple[str, ...] = ()
    unwritable: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    primary: "Scene | None" = None

    @property
    def current(self) -> Revision | None:
        """The retained revision that equals the workload's template now; None until its controller made one.

        A Rollout's template has no defaults filled in, its ReplicaSets' have: there its controller's word counts.
        """
        if self.workload.kind == "Rollout":
            named = self.workload.status.get("currentPodHash") if self.workload.generation_seen else None
            return next((revision for revision in self.revisions if named and revision.hash == named), None)
        wanted = without_hash(self.workload.template)
        equal = [revision for revision in self.revisions if revision.template == wanted]
        return max(equal, key=lambda revision: revision.number, default=None)

    def pods_of(self, revision: Revision | None) -> tuple[Pod, ...]:
        """The pods that run that revision."""
        return tuple(pod for pod in self.pods if revision is not None and pod.revision == revision.hash)


def running_digests(scene: Scene) -> dict[str, str]:
    """The image ids that the ready pods of the wanted revision report, by container; init containers left out."""
    return {
        container.name: container.image_id
        for pod in scene.pods_of(scene.current)
        if pod.ready and not pod.deleting
        for container in pod.containers
        if container.image_id and not container.init
    }
