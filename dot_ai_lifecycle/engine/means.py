"""What a step is performed with, and how it may end."""

from msgspec import Struct, field

from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.engine.orders import Orders
from dot_ai_lifecycle.engine.stage import Stages


class Means(Struct, frozen=True):
    """The cluster to act on, what is watched of it, what people say meanwhile, and who knows how requests fare.

    `freeing` are the uids of ordered sets whose broken pods of other revisions are deleted as they are found;
    `templates` are the digests of the pod templates that workloads were left with, by their references in words.
    """

    cluster: Cluster
    stages: Stages
    orders: Orders
    metrics: Metrics | None = None
    freeing: set[str] = field(default_factory=set)
    templates: dict[str, str] = field(default_factory=dict)


class Did(Struct, frozen=True):
    """A step that succeeded: what was seen, values known only now, and the last scene where one was watched."""

    text: str
    late: dict[str, str] = field(default_factory=dict)
    scene: Scene | None = None


class Failed(Exception):
    """A step did not succeed. `undoable` says whether what was done before may be taken back by us."""

    def __init__(self, cause: Cause, *, undoable: bool) -> None:
        super().__init__(cause.text)
        self.cause = cause
        self.undoable = undoable
