"""Which updates are taken, on which app, and in which words each picture is told."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.cells import Cell, Shape
from benchmarks.pictures.drawing import Words
from benchmarks.pictures.taken import Taken
from benchmarks.stand import DRAIN

PODS, RATE = 4, 200.0
_DRAINS, _BARE = Shape(drains=True, replicas=PODS), Shape(drains=False, replicas=PODS)


@dataclass(frozen=True)
class Scene:
    """One picture: what is done, what it shows, and what its figures are in words.

    `ends` are the words of the moment at which it is over; `tells` makes the sentence below it. With kubectl it is done
    as a person without us does it.
    """

    name: str
    cell: Cell
    title: str
    ends: str
    tells: Callable[[Taken], str]
    kubectl: bool = False

    def words(self, taken: Taken) -> Words:
        """What stands in the picture."""
        app = f"{PODS} pods, preStop of {DRAIN} s" if self.cell.shape.drains else f"{PODS} pods without preStop"
        line = f"{app} · {taken.requests:,} requests, {_lost(taken)} · {self.ends} after {taken.seconds:.1f} s"
        return Words(self.title, line, f"{self.title}. {self.tells(taken).replace('`', '')}")

    def sentence(self, taken: Taken) -> str:
        """The sentence below the picture, its figures from the run."""
        return self.tells(taken)


def _lost(taken: Taken) -> str:
    failed, errors = taken.count("failed"), taken.count("errors")
    lost = f"{failed:,} failed" if failed else "none failed"
    return f"{lost}, {errors:,} errors" if errors else lost


def _none(taken: Taken) -> str:
    failed = taken.count("failed")
    return (
        f"{failed:,} of {taken.requests:,} requests failed" if failed else f"none of {taken.requests:,} requests failed"
    )


def _rolling(taken: Taken) -> str:
    return (
        f"Done after {taken.seconds:.1f} s, {_none(taken)}: at least {taken.least_ready} of {taken.wanted} pods were "
        f"ready all the time, and at most {taken.most} were there while the old ones drained."
    )


def _blue_green(taken: Taken) -> str:
    ready, switched = taken.moment("whole new set ready"), taken.moment("Service switched")
    return (
        f"The whole new set was ready after {ready:.1f} s; v1 answered for the last time "
        f"{_after(taken, 'old', switched)} after the switch, and its pods stood by until "
        f"{taken.moment('old pods end'):.1f} s; {_none(taken)}."
    )


def _promoted(taken: Taken) -> str:
    ready, wider, *_ = (each.at for each in taken.moments if each.words.endswith("ready"))
    promoted = taken.moment("promoted")
    few, half = taken.share(ready + 1, wider - 1.5), taken.share(wider + 1, promoted)
    return (
        f"v2 answered {100 * few:.0f} % of the requests with 2 pods and {100 * half:.0f} % with 4; a person promoted "
        f"it after {promoted:.1f} s, v1 answered for the last time {_after(taken, 'old', promoted)} later, and "
        f"{_none(taken)}."
    )


def _aborted(taken: Taken) -> str:
    return (
        f"{taken.count('errors')} of {taken.requests:,} requests met an error of v2 until a person aborted it; "
        f"{_after(taken, 'new', taken.moment('aborted'))} later nobody met v2 any more, and only then its pods ended. "
        f"{taken.count('failed') or 'No'} requests went without an answer."
    )


def _crash(taken: Taken) -> str:
    return (
        f"v2 was called bad after {taken.moment('verdict'):.1f} s, and v1 was proven to serve as before after "
        f"{taken.seconds:.1f} s; all {taken.count('old'):,} answers came from v1, and {_none(taken)}."
    )


def _with_kubectl(taken: Taken) -> str:
    return (
        f"`kubectl rollout status` called it done after {taken.seconds:.1f} s: {_none(taken)}, as pods end before "
        f"every node knows that they do; for a while only {taken.least_ready} of {taken.wanted} pods were ready."
    )


def _after(taken: Taken, side: str, moment: float) -> str:
    """How long after that moment a version answered last; never less than nothing."""
    last = taken.until["old" if side == "old" else "new"]
    return f"{max(0.0, last - moment):.1f} s"


ALL: tuple[Scene, ...] = (
    Scene(
        "rolling",
        Cell(_DRAINS, "rolling", "good"),
        "Rolling: one new pod proves itself, then all others come",
        "done",
        _rolling,
    ),
    Scene(
        "blue-green",
        Cell(_BARE, "blue-green", "good"),
        "Blue-green: a whole new set comes up, then the Service switches",
        "done",
        _blue_green,
    ),
    Scene(
        "canary-promoted",
        Cell(_BARE, "canary, promoted", "good"),
        "Canary: a few users meet the new version, a person promotes it",
        "done",
        _promoted,
    ),
    Scene(
        "canary-aborted",
        Cell(_BARE, "canary, aborted", "20 % errors"),
        "Canary aborted: the new version errs, and few users met it",
        "taken back",
        _aborted,
    ),
    Scene(
        "crash-taken-back",
        Cell(_DRAINS, "rolling", "crashes"),
        "A version that crashes: called and taken back, and no user met it",
        "taken back",
        _crash,
    ),
    Scene(
        "kubectl-set-image",
        Cell(_BARE, "rolling", "good"),
        "For comparison, kubectl set image: pods end while requests still come",
        "rolled out",
        _with_kubectl,
        kubectl=True,
    ),
)
