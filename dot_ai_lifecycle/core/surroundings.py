"""An app together with all around it that tells, before an update, whether that update can be lossless."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from dot_ai_lifecycle.core.capacity import Booking, LimitRange, Quota
from dot_ai_lifecycle.core.leases import Held
from dot_ai_lifecycle.core.nearby import Claim, Hook, Route, Scaler, Space
from dot_ai_lifecycle.core.needs import Need
from dot_ai_lifecycle.core.objects import Machine
from dot_ai_lifecycle.core.refs import CONFIG_MAP, SECRET
from dot_ai_lifecycle.core.registry import ImageSight
from dot_ai_lifecycle.core.scene import Scene
from dot_ai_lifecycle.core.trial import Trial
from dot_ai_lifecycle.core.workload import Manifest

Depth = Literal["planning", "going back", "whole"]
"""How closely is looked: `planning` reads what decides a strategy; `going back` more of what an old template names,
which may be gone since; `whole` everything a person wants to know."""

_KEYED = (CONFIG_MAP.name, SECRET.name)

Fate = Literal["there", "missing", "no key", "unknown"]


class Sought(Struct, frozen=True):
    """A need of the new template, and what was found of it; `why` where nothing could be."""

    need: Need
    fate: Fate
    why: str = ""


class Surroundings(Struct, frozen=True):
    """What was seen around an app, for the pod template it shall get.

    None stands for what was not looked at, or could not be: `unread` says by name what and why. `slots` are the pods
    on the nodes; `deaf` the webhook services without a ready endpoint; `server` the API server's version.
    """

    scene: Scene
    template: Manifest
    depth: Depth = "planning"
    server: str = ""
    trial: Trial = field(default_factory=Trial)
    sought: tuple[Sought, ...] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)
    quotas: tuple[Quota, ...] | None = None
    nodes: tuple[Machine, ...] | None = None
    bookings: tuple[Booking, ...] | None = None
    limit_ranges: tuple[LimitRange, ...] | None = None
    routes: tuple[Route, ...] | None = None
    hooks: tuple[Hook, ...] | None = None
    deaf: frozenset[tuple[str, str]] = frozenset()
    scalers: tuple[Scaler, ...] | None = None
    space: Space | None = None
    may_patch: bool | None = None
    holder: Held | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> tuple[Need, ...]:
        """The keys of ConfigMaps and Secrets that pods cannot start without and that are not there."""
        gone = (one.need for one in self.sought if one.fate in ("missing", "no key"))
        return tuple(need for need in gone if need.kind in _KEYED and not need.optional)


class Look(Struct, frozen=True):
    """What was looked at before a change: all around the app, and the images it shall run, by reference."""

    around: Surroundings
    images: Mapping[str, ImageSight]
