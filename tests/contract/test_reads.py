"""Lists, selectors, pages and forms."""

import json

from tests.contract.talk import Json, Talk, config_map, deployment

_PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"


async def _fill(talk: Talk, count: int = 5) -> None:
    for number in range(count):
        labels = {"tier": "web" if number % 2 else "db", "number": str(number)}
        await talk.made("configmaps", config_map(f"c{number}", labels=labels, x="1"))


def _names(body: Json) -> list[str]:
    names = [one["metadata"]["name"] for one in body["items"]]
    return [name for name in names if name != "kube-root-ca.crt"]


async def test_a_list_has_its_kind_and_a_version_and_items_without_kinds(talk: Talk) -> None:
    await _fill(talk, 1)
    body = (await talk.get("configmaps")).body
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert body["metadata"]["resourceVersion"].isdigit()
    assert "kind" not in body["items"][0]


async def test_lists_come_in_the_order_of_names(talk: Talk) -> None:
    for name in ("b", "a", "c"):
        await talk.made("configmaps", config_map(name))
    assert _names((await talk.get("configmaps")).body) == ["a", "b", "c"]


async def test_label_selectors_select(talk: Talk) -> None:
    await _fill(talk)
    for selector, wanted in {
        "tier=web": ["c1", "c3"],
        "tier==web,number!=1": ["c3"],
        "number in (0, 4)": ["c0", "c4"],
        "number notin (0,4),tier": ["c1", "c2", "c3"],
        "tier,!number": [],
        "missing": [],
    }.items():
        said = await talk.get("configmaps", labelSelector=selector)
        assert _names(said.body) == wanted, selector


async def test_field_selectors_select_by_name_and_refuse_unknown_fields(talk: Talk) -> None:
    await _fill(talk)
    assert _names((await talk.get("configmaps", fieldSelector="metadata.name=c3")).body) == ["c3"]
    assert "c3" not in _names((await talk.get("configmaps", fieldSelector="metadata.name!=c3")).body)
    said = await talk.get("deployments", fieldSelector="spec.paused=true")
    assert (said.status, said.reason) == (400, "BadRequest")
    assert said.message == '"spec.paused" is not a known field selector: only "metadata.name", "metadata.namespace"'


async def test_a_selector_that_does_not_parse_is_a_bad_request(talk: Talk) -> None:
    assert (await talk.get("configmaps", labelSelector="a=b=c")).status == 400


async def test_pages_add_up_to_the_list(talk: Talk) -> None:
    await _fill(talk)
    query = {"limit": "2", "labelSelector": "number"}
    found, said = [], await talk.get("configmaps", **query)
    found += _names(said.body)
    while token := said.body["metadata"].get("continue"):
        said = await talk.get("configmaps", **query, **{"continue": token})
        found += _names(said.body)
    assert found == ["c0", "c1", "c2", "c3", "c4"]


async def test_a_page_says_how_many_remain_unless_it_was_selected(talk: Talk) -> None:
    for number in range(3):
        await talk.made("leases", {"metadata": {"name": f"l{number}"}, "spec": {}})
    whole = (await talk.get("leases", limit="1")).body["metadata"]
    assert whole["remainingItemCount"] == 2
    selected = (await talk.get("leases", limit="1", labelSelector="!none")).body["metadata"]
    assert "remainingItemCount" not in selected


async def test_later_pages_show_the_state_of_the_first(talk: Talk) -> None:
    await _fill(talk)
    query = {"limit": "2", "labelSelector": "number"}
    first = (await talk.get("configmaps", **query)).body["metadata"]
    await talk.delete("configmaps", "c4")
    await talk.made("configmaps", config_map("c2a", labels={"number": "2a"}))
    rest = await talk.get("configmaps", **(query | {"limit": "9"}), **{"continue": first["continue"]})
    assert _names(rest.body) == ["c2", "c3", "c4"]
    assert rest.body["metadata"]["resourceVersion"] == first["resourceVersion"]


async def test_a_page_token_that_is_none_is_a_bad_request(talk: Talk) -> None:
    assert (await talk.get("configmaps", limit="1", **{"continue": "nonsense"})).status == 400


async def test_metadata_alone_can_be_asked_for(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    answer = await talk.api.request("GET", talk.path("deployments"), headers={"accept": _PARTIAL})
    body = json.loads(answer.body)
    assert body["kind"] == "PartialObjectMetadataList"
    [one] = body["items"]
    assert one["metadata"]["name"] == "web"
    assert "spec" not in one


async def test_a_table_has_columns_and_rows(talk: Talk) -> None:
    await talk.made("deployments", deployment())
    answer = await talk.api.request("GET", talk.path("deployments"), headers={"accept": _TABLE})
    body = json.loads(answer.body)
    names = [column["name"] for column in body["columnDefinitions"] if column["priority"] == 0]
    assert names == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    [row] = body["rows"]
    assert row["cells"][:2] == ["web", "0/0"]
    assert row["object"]["metadata"]["name"] == "web"


async def test_what_is_not_there_is_not_found_by_name(talk: Talk) -> None:
    said = await talk.get("deployments", "none")
    assert (said.status, said.reason) == (404, "NotFound")
    assert said.message == 'deployments.apps "none" not found'
    assert said.body["details"] == {"name": "none", "group": "apps", "kind": "deployments"}


async def test_an_unknown_resource_is_not_found(talk: Talk) -> None:
    said = await talk.get("gadgets")
    assert (said.status, said.message) == (404, "the server could not find the requested resource")


async def test_a_method_that_is_not_allowed_says_so(talk: Talk) -> None:
    said = await talk.ask("POST", "/apis/apps/v1/deployments", deployment())
    assert (said.status, said.reason) == (405, "MethodNotAllowed")
    said = await talk.ask("POST", talk.path("deployments", "web"), deployment())
    assert (said.status, said.reason) == (405, "MethodNotAllowed")


async def test_answers_carry_the_servers_date(talk: Talk) -> None:
    assert (await talk.get("configmaps")).headers["date"].endswith(" GMT")


async def test_one_may_ask_what_one_may_do(talk: Talk) -> None:
    attributes = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": talk.namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    said = await talk.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert (said.status, said.body["status"]["allowed"]) == (201, True)
    rules = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    rules |= {"spec": {"namespace": talk.namespace}}  # type: ignore[dict-item] # a body mixes words and maps
    said = await talk.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", rules)
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in said.body["status"]["resourceRules"]


async def test_discovery_names_what_the_kinds_can_do(talk: Talk) -> None:
    body = (await talk.ask("GET", "/apis/apps/v1")).body
    found = {one["name"]: one for one in body["resources"]}
    assert found["deployments"]["shortNames"] == ["deploy"]
    assert {"get", "list", "watch", "create", "patch", "delete"} <= set(found["deployments"]["verbs"])
    assert {"deployments/scale", "deployments/status"} <= found.keys()
    assert (await talk.ask("GET", "/version")).body["major"] == "1"
