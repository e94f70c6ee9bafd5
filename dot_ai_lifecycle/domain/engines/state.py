"""Whether an app that another engine delivers is at rest, and what helps where it is not."""

from dot_ai_lifecycle.core.conditions import flagger, kruise
from dot_ai_lifecycle.core.conditions.argo import ENGINE, pause, place
from dot_ai_lifecycle.core.driver import FLAGGER, Driver
from dot_ai_lifecycle.core.errors import Refused
from dot_ai_lifecycle.core.words_to_argo import in_flight
from dot_ai_lifecycle.core.workload import Workload


def is_engines(workload: Workload) -> bool:
    """Whether Argo Rollouts owns the workload."""
    return workload.kind == "Rollout"


def aborted(workload: Workload) -> bool:
    """Whether its last update was given up: the stable version serves, the spec still asks for the other."""
    if workload.engine == FLAGGER and workload.driver is not None and not workload.is_copy:
        return flagger.phase_of(workload.driver) == "Failed" and not flagger.carried(workload)
    return bool(workload.status.get("abort"))


def refuse_if_engine_is_busy(workload: Workload, *, unless_aborted: bool = False) -> None:
    """Refuse what would mingle with an update that is not ours. Raises Refused with what ends that one.

    `unless_aborted` lets a new version follow one that was given up, as the engines do.
    """
    if workload.driver is not None:
        _refuse_if_driver_is_busy(workload, workload.driver)
    else:
        _refuse_if_rollout_is_busy(workload, aborted_too=not unless_aborted)
    if aborted(workload) and not unless_aborted:
        raise Refused(
            f"The last update of {workload.ref} was aborted: its spec asks for a version that does not run.",
            hint="Roll back (`rollback_app`), or update to another version, or to the same one to try it again.",
        )


def _refuse_if_rollout_is_busy(workload: Workload, *, aborted_too: bool) -> None:
    _refuse_if_borrowed(workload)
    on = f"{workload.name} -n {workload.namespace}"
    if workload.paused:
        raise Refused(
            f"{workload.ref} is paused by hand: {ENGINE} would not roll out any change.",
            hint=f"Go on first: kubectl argo rollouts promote {on}",
        )
    if in_flight(workload.manifest) and not aborted(workload):
        held = pause(workload)
        stands = held.words if held else f"{ENGINE}{place(workload)} is at it"
        raise Refused(
            f"Another update of {workload.ref} is under way: {stands}.",
            hint=f"End it first: kubectl argo rollouts promote {on}, or go back with `rollback_app`.",
        )


def _refuse_if_borrowed(workload: Workload) -> None:
    source = workload.spec.get("workloadRef")
    if source:
        raise Refused(
            f"{workload.ref} takes its pod template from {source.get('kind')} {source.get('name')} (workloadRef).",
            hint=f"Change that {source.get('kind')}; watch it here with `inspect_app`. Moving the template into the "
            f"Rollout (kubectl argo rollouts can) lets it be changed from here.",
        )


def refuse_if_copy(workload: Workload) -> None:
    """Refuse to change what Flagger keeps for itself. Raises Refused with the name of what to change."""
    driver = workload.driver
    if driver is None or not workload.is_copy:
        return
    kind, name = driver.target
    raise Refused(
        f"{workload.ref} is the copy that Flagger keeps of {kind} {name}: its next promotion overwrites what it holds.",
        hint=f"Change {kind.lower()}/{name}: Flagger (Canary {driver.name}) brings it into the copy.",
        details={"target": name, "canary": driver.name},
    )


def _refuse_if_driver_is_busy(workload: Workload, driver: Driver) -> None:
    refuse_if_copy(workload)
    if workload.kind != "Deployment":
        raise Refused(
            f"{driver.engine} delivers {workload.ref} ({driver.ref}): from here only Deployments are driven so.",
            hint=f"Change it with kubectl, and follow {driver.ref}.",
        )
    if driver.engine == FLAGGER:
        _refuse_if_canary_is_busy(workload, driver)
    else:
        _refuse_if_steps_are_under_way(workload, driver)


def _refuse_if_canary_is_busy(workload: Workload, driver: Driver) -> None:
    on = f"{driver.name} -n {driver.namespace}"
    if driver.spec.get("suspend"):
        raise Refused(
            f"{driver.ref} is suspended by hand: {driver.engine} would not deliver any change.",
            hint=f"""Go on first: kubectl patch canary {on} --type merge -p '{{"spec":{{"suspend":false}}}}'""",
        )
    phase = flagger.phase_of(driver)
    if phase in flagger.STARTING or workload.serving is workload:
        raise Refused(
            f"{driver.engine} has not made its copy of {workload.ref} yet ({driver.ref}: {phase or 'not seen'}).",
            hint=f"Wait until it is Initialized: kubectl wait canary {on} --for=condition=Promoted",
        )
    if phase not in flagger.RESTING:
        stands = flagger.pause(driver) or f"{driver.engine} is {phase}{flagger.progress(driver)}"
        raise Refused(
            f"Another update of {workload.ref} is under way: {stands}.",
            hint="Wait until it is through, or go back with `rollback_app`.",
        )


def _refuse_if_steps_are_under_way(workload: Workload, driver: Driver) -> None:
    on = f"rollouts.rollouts.kruise.io {driver.name} -n {driver.namespace}"
    if (driver.spec.get("strategy") or {}).get("paused"):
        raise Refused(
            f"{driver.ref} is paused by hand: {driver.engine} would not deliver any change.",
            hint=f"""Go on first: kubectl patch {on} --type merge -p '{{"spec":{{"strategy":{{"paused":false}}}}}}'""",
        )
    if kruise.under_way(workload):
        held = kruise.pause(workload)
        stands = held.words if held else f"{driver.engine}{kruise.place(workload)}: {kruise.said(workload)}"
        raise Refused(
            f"Another update of {workload.ref} is under way: {stands}.",
            hint="Wait until it is through, or go back with `rollback_app`.",
        )
