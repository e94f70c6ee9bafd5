"""One operation: how it stands, step by step, waited for if wanted."""

from typing import ClassVar

from pydantic import Field

from dot_ai_lifecycle.core.operation import Namespace, Question
from dot_ai_lifecycle.core.telling import Outcome, told
from dot_ai_lifecycle.core.world import World


class GetOperation(Question[Outcome]):
    """How an operation stands or ended: state, steps with times, cause with evidence, verdict. Can wait for its end."""

    command: ClassVar[str] = "operation"
    title: ClassVar[str] = "Get operation"
    positional: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: str = Field(pattern=r"^[a-z0-9]{4,32}$", description="The operation's id")
    namespace: Namespace | None = None
    wait: int = Field(0, ge=0, le=45, description="Seconds to wait for its end")

    async def answer(self, world: World) -> Outcome:
        record = await world.story.record(self.operation_id, self.namespace)
        latest = await world.story.settled(record, self.wait)
        orphaned = latest.state == "running" and not await world.is_alive(latest)
        return told(latest, orphaned=orphaned)
