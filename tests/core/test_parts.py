"""Steps of several apps in one plan keep to themselves: late values, ways back, and who is to blame."""

from dot_ai_lifecycle.core.filling import filled
from dot_ai_lifecycle.core.late import NEW_HASH, OPERATION, late
from dot_ai_lifecycle.core.parts import as_part, at_once, blamed, called
from dot_ai_lifecycle.core.record import Cause
from dot_ai_lifecycle.core.refs import DEPLOYMENT, SERVICE, Ref, ref_to
from dot_ai_lifecycle.core.showing import step_text
from dot_ai_lifecycle.core.steps import Await, Edit, Observe, Patch, Step, Together, WayBack
from dot_ai_lifecycle.core.way_back import way_back

WEB, API = (ref_to(DEPLOYMENT, name, "shop", f"uid-{name}") for name in ("web", "api"))


def surged(ref: Ref) -> Await:
    return Await(ref=ref, until="surged", learns="new-hash", within=60, why="proven")


def test_each_part_learns_a_hash_of_its_own():
    step = as_part(surged(WEB), called(WEB))

    assert (step.part, step.learns) == ("deployment/web", "new-hash of deployment/web")


def test_the_hash_of_a_part_is_filled_in_wherever_the_part_names_it():
    back = WayBack(steps=(Await(ref=WEB, until="routed", to=NEW_HASH, within=1, why="back"), surged(WEB)))
    patch = Patch(
        ref=ref_to(SERVICE, "web", "shop"),
        edits=(Edit(path="/to", old="v1", new=NEW_HASH), Edit(path="/by", new=OPERATION)),
        why="to the new pods",
        back=back,
    )

    mine = filled(as_part(patch, "deployment/web"), {"new-hash of deployment/api": "no", "new-hash": "no"})
    known = filled(mine, {"new-hash of deployment/web": "abc"})

    assert mine.edits == (
        Edit(path="/to", old="v1", new=late("new-hash of deployment/web")),
        Edit(path="/by", new=OPERATION),
    )
    assert known.edits[0].new == "abc"
    assert known.back is not None
    first, second = known.back.steps
    assert isinstance(first, Await)
    assert isinstance(second, Await)
    assert (first.to, first.part, second.learns) == ("abc", "deployment/web", "new-hash of deployment/web")


def test_waiting_for_several_is_one_step_and_for_one_it_is_as_it_was():
    waits = [as_part(surged(ref), called(ref)) for ref in (WEB, API)]

    assert at_once(WEB, [], "all") == ()
    assert at_once(WEB, waits[:1], "all") == (waits[0],)
    (both,) = at_once(WEB, waits, "all prove themselves")
    assert step_text(both) == "At the same time, for Deployment shop/web, Deployment shop/api: all prove themselves"


def test_late_values_within_a_wait_for_several_are_filled_in():
    watch = Observe(ref=WEB, new=NEW_HASH, old="v1", seconds=1, why="look")

    found = filled(Together(ref=WEB, steps=(watch,), why="all"), {"new-hash": "abc"})

    assert isinstance(found.steps[0], Observe)
    assert found.steps[0].new == "abc"


def test_a_failure_names_the_part_it_was_met_in_once():
    cause = blamed(Cause(code="CRASH_LOOP", text="It crashes."), "deployment/api")

    assert (cause.app, cause.text) == ("deployment/api", "deployment/api: It crashes.")
    assert blamed(cause, "deployment/web") == cause
    assert blamed(Cause(code="ABORTED", text="By somebody."), "").app == ""


def changed(ref: Ref, number: int, back: WayBack | None = None) -> Step:
    edit = Edit(path="/spec/template", old=f"v{number}", new=f"v{number + 1}")
    return Patch(ref=ref, edits=(edit,), why=f"{ref.name} {number}", back=back, part=called(ref))


def test_a_whole_way_back_takes_back_its_own_part_alone():
    proof = Await(ref=API, within=1, why="api serves")
    whole = WayBack(steps=(changed(API, 9), proof), whole=True)
    done = (changed(API, 1), changed(WEB, 1), changed(API, 2, whole), changed(WEB, 2))

    steps = way_back(done, WEB, within=7)

    assert [(step.ref.name, step.step) for step in steps] == [
        ("web", "patch"),
        ("api", "patch"),
        ("api", "await"),
        ("web", "patch"),
        ("web", "await"),
        ("api", "await"),
    ]


def test_each_app_that_was_changed_back_is_proven_whatever_proves_another():
    proof = WayBack(steps=(changed(API, 9), Await(ref=API, within=1, why="api serves")))
    done = (changed(API, 2, proof), changed(WEB, 1))

    steps = way_back(done, WEB, within=7)

    assert [(step.ref.name, step.step) for step in steps] == [
        ("web", "patch"),
        ("api", "patch"),
        ("api", "await"),
        ("web", "await"),
    ]
    assert {(step.ref.name, step.part) for step in steps} == {("web", "deployment/web"), ("api", "deployment/api")}
