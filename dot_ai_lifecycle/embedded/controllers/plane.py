"""What every controller stands on: the store, the time, chance, who owns what, and a voice for events."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dot_ai_lifecycle.embedded.controllers.events import Recorder
from dot_ai_lifecycle.embedded.controllers.index import Index
from dot_ai_lifecycle.embedded.controllers.queue import Item, Key, WorkQueue
from dot_ai_lifecycle.embedded.objects import Object, timestamp
from dot_ai_lifecycle.embedded.store import Store

SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Plane:
    """The shared ground of the controllers of one cluster. `clock` is the loop's time in seconds, `now` the date."""

    def __init__(self, store: Store, *, now: Callable[[], datetime], clock: Callable[[], float], seed: int = 0) -> None:
        self.store = store
        self.now = now
        self.clock = clock
        self.random = random.Random(seed)
        self.index = Index()
        self.queue = WorkQueue()
        self.events = Recorder(store, now, self.random)

    def stamp(self) -> str:
        """This second, as the API writes it."""
        return timestamp(self.now())

    def since(self, stamp: str) -> float:
        """Seconds since a time the API wrote."""
        return (self.now() - datetime.fromisoformat(stamp)).total_seconds()

    def wake(self, controller: str, key: Key) -> None:
        """Let a controller look at a key as soon as it can."""
        self.queue.add(Item(controller, key))

    def get(self, kind: str, key: Key) -> Object | None:
        return self.index.get(kind, key)

    def suffix(self, length: int = 5) -> str:
        """Random letters as the API uses in generated names."""
        return "".join(self.random.choices(SAFE_LETTERS, k=length))

    def write_status(self, thing: Object, status: dict[str, Any]) -> bool:
        """Replace an object's status if it differs; whether it did."""
        if thing.get("status") == status:
            return False
        meta = thing["metadata"]

        def change(fresh: Object) -> None:
            fresh["status"] = status

        self.store.edit(thing["kind"], meta["name"], meta.get("namespace"), change, subresource="status")
        return True

    def edit(self, thing: Object, change: Callable[[Object], None]) -> Object:
        """Change an object, whatever its resourceVersion is by now."""
        meta = thing["metadata"]
        return self.store.edit(thing["kind"], meta["name"], meta.get("namespace"), change)

    def set_replicas(self, thing: Object, replicas: int) -> Object:
        """Scale a workload object."""

        def change(fresh: Object) -> None:
            fresh["spec"]["replicas"] = replicas

        return self.edit(thing, change)
