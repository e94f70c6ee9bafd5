"""The engine: answers questions, proposes changes, and is the only one that may carry them out."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from dot_ai_lifecycle.core.errors import BadInput, Forbidden, NeedsApproval, NotFound, PlanChanged
from dot_ai_lifecycle.core.marks import Marks
from dot_ai_lifecycle.core.metrics import Metrics
from dot_ai_lifecycle.core.objects import REVISIONS
from dot_ai_lifecycle.core.operation import Answer, Change, Question
from dot_ai_lifecycle.core.plan import Plan
from dot_ai_lifecycle.core.policy import Policy
from dot_ai_lifecycle.core.ports import Cluster, ClusterIdentity, LocalStore
from dot_ai_lifecycle.core.record import Happening, Record
from dot_ai_lifecycle.core.refs import ENDPOINT_SLICE, POD, SECRET, SERVICE, Kind
from dot_ai_lifecycle.core.registry import Registry
from dot_ai_lifecycle.core.showing import step_text
from dot_ai_lifecycle.core.steering import spoken_in
from dot_ai_lifecycle.core.steps import Await, Create, Delete, Inscribe, Patch, Reissue, Renew, Smoke, Steer, Step
from dot_ai_lifecycle.core.world import World
from dot_ai_lifecycle.engine.holds import Holds
from dot_ai_lifecycle.engine.ledger import Ledger
from dot_ai_lifecycle.engine.perform import dry_run
from dot_ai_lifecycle.engine.proposal import APPROVAL_LASTS, Approval, Consent, Proposal
from dot_ai_lifecycle.engine.run import Run, Tell

A = TypeVar("A", bound=Answer)

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_operation_id() -> str:
    """Eight characters that are hard to confuse: 40 bits, enough for the operations of a namespace."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


Right = tuple[str, Kind, str | None, str]
"""A verb, a kind, a namespace, and the subresource if it is one."""


def _rights(step: Step) -> Iterator[Right]:
    """What a step cannot do without. A rollout nobody can watch would be left standing unproven."""
    namespace = step.ref.namespace
    if isinstance(step, Patch):
        yield "patch", step.ref.of_kind, namespace, ""
    yield from _rights_to_speak(step)
    if isinstance(step, Create | Delete):
        yield "create" if isinstance(step, Create) else "delete", step.ref.of_kind, namespace, ""
    if isinstance(step, Smoke):
        yield "get", SERVICE, namespace, "proxy"
    if isinstance(step, Inscribe | Reissue):
        yield from ((verb, SECRET, namespace, "") for verb in _of_secrets(step))
    if isinstance(step, Renew):
        yield "delete", POD, namespace, ""
    if isinstance(step, Await | Renew):
        yield from (("watch", kind, namespace, "") for kind in _watched(step))


def _rights_to_speak(step: Step) -> Iterator[Right]:
    """What words to an engine need, those of the way back too: what cannot be aborted is not begun."""
    for word in (step, *(step.back.steps if step.back else ())):
        if isinstance(word, Steer):
            yield from (("patch", word.ref.of_kind, word.ref.namespace, part) for part in spoken_in(word.ref))


def _of_secrets(step: Inscribe | Reissue) -> tuple[str, ...]:
    """What cannot be taken out again is not begun."""
    if isinstance(step, Reissue):
        return "get", "create", "patch", "delete"
    return ("get", "update") if step.was else ("get", "create", "delete")


def _watched(step: Await | Renew) -> tuple[Kind, ...]:
    """The kinds that have to be watched for what is waited for."""
    until = step.until if isinstance(step, Await) else "surged"
    if until == "followed":
        return (step.ref.of_kind,)
    by = (step.by.of_kind,) if isinstance(step, Await) and step.by else ()
    workload = (step.ref.of_kind, REVISIONS[step.ref.kind].kind, POD, *by)
    return (ENDPOINT_SLICE, *workload) if until == "routed" else workload


class Engine:
    """Everything a face needs: ask, propose, start, approve. Its memory holds nothing that matters."""

    def __init__(
        self,
        cluster: Cluster,
        local: LocalStore,
        policy: Policy,
        *,
        actor: str,
        new_id: Callable[[], str] = new_operation_id,
        registry: Registry | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._cluster = cluster
        self._local = local
        self._policy = policy
        self._actor = actor
        self._new_id = new_id
        self._ledger = Ledger(cluster, local)
        self._runs: dict[str, Run] = {}
        self._metrics = metrics
        self.world = World(cluster, self._ledger, Marks(local), registry, measures=metrics is not None)

    async def ask(self, question: Question[A]) -> A:
        """Answer a question. Raises LifecycleError."""
        return await question.answer(self.world)

    async def propose(self, change: Change[Any]) -> Proposal:
        """Decide what the change would do; touches nothing in the cluster.

        Raises NotFound, Ambiguous, Refused, and Forbidden where the rights for the plan's writes are missing.
        """
        proposal = await self._decided(change)
        await self._check_rights(proposal.plan)
        if proposal.plan.steps and proposal.needs == "person":
            self._local.put(f"proposals/{proposal.plan.id}", proposal.plan.model_dump_json())
        return proposal

    async def _decided(self, change: Change[Any]) -> Proposal:
        identity, seen = await asyncio.gather(self._cluster.identity(), change.observe(self.world))
        plan = self._policy.judged(change.decide(seen).model_copy(update={"cluster": identity.uid}))
        return Proposal(plan, self._policy.needs(plan) if plan.steps else "nothing", identity)

    async def _check_rights(self, plan: Plan) -> None:
        needed = tuple(dict.fromkeys(right for step in plan.steps for right in _rights(step)))
        granted = await asyncio.gather(*map(self._may, needed))
        for (verb, kind, namespace, subresource), may in zip(needed, granted, strict=True):
            if not may:
                resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
                raise Forbidden(
                    f"You may not {verb} {resource} in namespace {namespace}.",
                    hint=f"Ask for a Role with the verb {verb} on {resource} there.",
                    details={"verb": verb, "resource": resource, "namespace": namespace},
                )

    async def _may(self, right: Right) -> bool:
        verb, kind, namespace, subresource = right
        return await self._cluster.allowed(verb, kind, namespace, subresource=subresource)

    async def start(self, change: Change[Any], consent: Consent, tell: Tell | None = None) -> Run:
        """Look and decide again, and where the plan is still the one agreed to, begin it; it runs on in the background.

        Returns once the run is recorded. Raises PlanChanged with the new proposal, NeedsApproval, Busy, or what the
        cluster's dry run answers; nothing has been changed then.
        """
        proposal = await self._decided(change)
        plan = proposal.plan
        if plan.id != consent.plan_id:
            await Holds(self._cluster, plan, consent.by).check()
            raise PlanChanged(
                "The app is not as it was when this plan was shown: a different plan is needed now.",
                hint="Look at the new plan and agree to that one.",
                details={"proposal": proposal},
            )
        if not plan.steps:
            raise BadInput(f"There is nothing to do: {plan.summary}")
        approved_by = self._consent(proposal, consent)
        return await self._begin(plan, proposal.identity, consent.by, approved_by, tell)

    def _consent(self, proposal: Proposal, consent: Consent) -> str:
        """Who agreed. Raises NeedsApproval where a person has to and none did."""
        if consent.person:
            return consent.by
        approval = self._approval(proposal.plan.id)
        if approval is not None:
            return approval.by
        if proposal.needs != "person":
            return consent.by
        raise NeedsApproval(
            f"This plan is of high risk ({'; '.join(proposal.plan.risk.reasons)}): a person has to agree to it.",
            hint=f"Ask the person to run `dot-ai approve {proposal.plan.id}` in a terminal, then call again.",
            details={"plan_id": proposal.plan.id},
        )

    async def _begin(
        self, plan: Plan, identity: ClusterIdentity, actor: str, approved_by: str, tell: Tell | None
    ) -> Run:
        operation_id = self._new_id()
        hold = Holds(self._cluster, plan, f"{actor}/{operation_id}")
        if plan.relation != "order":  # the operation it is said to holds the app
            await hold.take(instead_of=plan.follows)
        try:
            await dry_run(self._cluster, plan.steps)
            self._use_up_approval(plan.id)
            record = await self._ledger.begin(self._first_record(operation_id, plan, identity, actor, approved_by))
        except BaseException:
            await hold.let_go()
            raise
        run = Run(self._cluster, self._ledger, hold, record, tell, self._metrics)
        self._runs = {key: known for key, known in self._runs.items() if not known.ended}
        self._runs[operation_id] = run
        return run

    def _first_record(
        self, operation_id: str, plan: Plan, identity: ClusterIdentity, actor: str, approved_by: str
    ) -> Record:
        now = self._cluster.now()
        return Record(
            id=operation_id,
            plan=plan,
            actor=actor,
            context=identity.context,
            state="running",
            started=now,
            happenings=(Happening(at=now, step=0, what="begun", text=step_text(plan.steps[0])),),
            approved_by=approved_by,
            images_before=plan.images_before,
            template_before=plan.facts.get("template", ""),
        )

    @property
    def live(self) -> tuple[Run, ...]:
        """The runs of this process that have not ended."""
        return tuple(run for run in self._runs.values() if not run.ended)

    def kept(self, plan_id: str) -> Plan:
        """A proposed plan of high risk, as it was shown on this machine. Raises NotFound."""
        text = self._local.get(f"proposals/{plan_id}")
        if text is None:
            raise NotFound(
                f"No plan {plan_id!r} waits for approval on this machine.",
                hint="Run the change itself in a terminal instead: it shows its plan and asks.",
            )
        return Plan.model_validate_json(text)

    def approve(self, plan_id: str, by: str) -> Plan:
        """Keep a person's yes to a proposed plan for a quarter of an hour, for one use. Raises NotFound."""
        plan = self.kept(plan_id)
        approval = Approval(plan_id=plan_id, by=by, at=self._cluster.now().timestamp())
        self._local.put(f"approvals/{plan_id}", approval.model_dump_json())
        return plan

    def _approval(self, plan_id: str) -> Approval | None:
        text = self._local.get(f"approvals/{plan_id}")
        approval = Approval.model_validate_json(text) if text else None
        fresh = approval is not None and self._cluster.now().timestamp() - approval.at < APPROVAL_LASTS
        return approval if fresh else None

    def _use_up_approval(self, plan_id: str) -> None:
        """Only now, under the lease: a yes is for one run, and what was refused until here was none."""
        if self._local.get(f"approvals/{plan_id}") is not None:
            self._local.remove(f"approvals/{plan_id}")

    async def close(self) -> None:
        """Let every live run record that it was interrupted and free its app; disconnect. Two seconds at most."""
        await asyncio.gather(*(run.interrupt() for run in self.live))
        await self._cluster.close()
