"""The schema the embedded API carries is the one a real API server publishes."""

from dot_ai_lifecycle.embedded.kinds import KINDS
from dot_ai_lifecycle.embedded.schema import definitions
from tests.contract.talk import Talk
from tests.support.openapi_schema import compacted

_ELSEWHERE = {"CustomResourceDefinition"}
"""Kinds the embedded API keeps without a schema."""


async def test_the_schema_is_the_one_the_api_server_publishes(talk: Talk) -> None:
    kinds = [kind for kind in KINDS if kind.kind not in _ELSEWHERE]
    said = [await talk.ask("GET", f"/openapi/v3{prefix}") for prefix in sorted({kind.prefix for kind in kinds})]
    assert {one.status for one in said} == {200}
    if "core.v1.PodSpec" not in str(said[0].body["components"]["schemas"].keys()):
        assert {kind.root for kind in kinds} <= definitions().keys()
        return
    published = compacted(
        (one.body for one in said), {(kind.group, kind.version, kind.kind): kind.root for kind in kinds}
    )
    assert published == definitions()
