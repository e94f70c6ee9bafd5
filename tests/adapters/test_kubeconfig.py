"""The kubeconfig is read as kubectl reads it, and what is wrong with it is said in words."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from dot_ai_lifecycle.adapters.kubernetes.kubeconfig import IN_CLUSTER, Access, contexts, resolve
from dot_ai_lifecycle.core.errors import NoCluster


def written(path: Path, *names: str, current: str = "", **more: Any) -> Path:
    """A kubeconfig with one cluster, user and context for every name."""
    document = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.test:6443/"}} for name in names],
        "users": [{"name": f"{name}-user", "user": {"token": f"secret-of-{name}"}} for name in names],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": f"{name}-user", "namespace": f"{name}-ns"}}
            for name in names
        ],
        "current-context": current,
        **more,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


def resolved(tmp_path: Path, *paths: Path, context: str | None = None, **environment: str) -> Access:
    listed = os.pathsep.join(str(path) for path in paths)
    return resolve(context, None, {"HOME": str(tmp_path), "KUBECONFIG": listed, **environment}, tmp_path / "account")


def test_the_current_context_of_the_home_directory_is_taken(tmp_path: Path) -> None:
    written(tmp_path / ".kube" / "config", "kind", "prod", current="prod")
    access = resolved(tmp_path)
    assert (access.context, access.server, access.namespace) == ("prod", "https://prod.test:6443", "prod-ns")


def test_of_a_list_the_first_current_context_wins_and_missing_files_are_passed_over(tmp_path: Path) -> None:
    first = written(tmp_path / "a", "one", current="")
    second = written(tmp_path / "b", "two", current="two")
    third = written(tmp_path / "c", "three", current="three")
    access = resolved(tmp_path, tmp_path / "missing", first, second, third)
    assert access.context == "two"


def test_of_two_things_of_one_name_the_first_files_wins(tmp_path: Path) -> None:
    first = written(tmp_path / "a", "same", current="same")
    other = {"clusters": [{"name": "same", "cluster": {"server": "https://elsewhere.test"}}]}
    second = written(tmp_path / "b", "same", current="same", **other)
    assert resolved(tmp_path, first, second).server == "https://same.test:6443"


def test_a_context_may_name_things_of_other_files(tmp_path: Path) -> None:
    first = written(
        tmp_path / "a", current="far", contexts=[{"name": "far", "context": {"cluster": "x", "user": "x-user"}}]
    )
    second = written(tmp_path / "b", "x")
    assert resolved(tmp_path, first, second).server == "https://x.test:6443"


def test_a_named_context_wins_over_the_current_one_and_a_named_file_over_the_environment(tmp_path: Path) -> None:
    listed = written(tmp_path / "a", "one", "two", current="one")
    named = written(tmp_path / "b", "three", current="three")
    assert resolved(tmp_path, listed, context="two").context == "two"
    assert resolve(None, str(named), {"KUBECONFIG": str(listed)}).context == "three"


def test_relative_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    user = {"client-certificate": "certs/me.pem", "client-key": "/abs/me.key", "exec": {"command": "./bin/login"}}
    users = [{"name": "x-user", "user": user}]
    clusters = [{"name": "x", "cluster": {"server": "https://x.test", "certificate-authority": "ca.pem"}}]
    path = written(tmp_path / "deep" / "config", "x", current="x", users=users, clusters=clusters)
    access = resolved(tmp_path, path)
    assert access.user["client-certificate"] == str(tmp_path / "deep/certs/me.pem")
    assert access.user["client-key"] == "/abs/me.key"
    assert Path(access.user["exec"]["command"]) == tmp_path / "deep/bin/login"
    assert access.cluster["certificate-authority"] == str(tmp_path / "deep/ca.pem")


def test_a_command_without_a_path_stays_one_for_the_search_path(tmp_path: Path) -> None:
    users = [{"name": "x-user", "user": {"exec": {"command": "aws"}}}]
    access = resolved(tmp_path, written(tmp_path / "a", "x", current="x", users=users))
    assert access.user["exec"]["command"] == "aws"
    assert access.login == "the credential plugin aws of user 'x-user'"


def test_contexts_are_listed_with_cluster_namespace_and_which_is_current(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "one", "two", current="two")
    told = contexts(None, {"KUBECONFIG": str(path)})
    assert [(c.name, c.cluster, c.namespace, c.current) for c in told] == [
        ("one", "one", "one-ns", False),
        ("two", "two", "two-ns", True),
    ]
    assert contexts(None, {"HOME": str(tmp_path / "nowhere")}) == ()


def _account(tmp_path: Path) -> dict[str, str]:
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("t\n")
    (account / "namespace").write_text("tools\n")
    return {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}


def test_inside_a_pod_without_kubeconfig_its_service_account_is_used(tmp_path: Path) -> None:
    access = resolved(tmp_path, **_account(tmp_path))
    assert (access.context, access.server, access.namespace) == (IN_CLUSTER, "https://[fd00::1]:443", "tools")
    assert access.user == {"tokenFile": str(tmp_path / "account" / "token")}


def test_inside_a_pod_a_kubeconfig_still_wins_unless_the_pods_own_is_named(tmp_path: Path) -> None:
    path, environment = written(tmp_path / "a", "one", current="one"), _account(tmp_path)
    assert resolved(tmp_path, path, **environment).context == "one"
    assert resolved(tmp_path, path, context=IN_CLUSTER, **environment).context == IN_CLUSTER


def test_no_file_at_all_says_which_was_looked_for_and_how_desktop_hosts_differ(tmp_path: Path) -> None:
    with pytest.raises(NoCluster, match=r"/\.kube/config does not exist.*desktop host"):
        resolved(tmp_path)
    with pytest.raises(NoCluster, match=r"nowhere\.yaml does not exist"):
        resolve(None, str(tmp_path / "nowhere.yaml"), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("users:\n- name: [top-secret\n", r"not YAML at line \d+, column \d+"),
        ("- just\n- a list\n", "not a mapping"),
        ("users: top-secret\n", "users is not a list"),
        ("contexts:\n- context: {}\n", "an entry of contexts has no name"),
        ("clusters:\n- name: a\n  cluster: top-secret\n", "an entry of clusters has no name or no cluster"),
        ("apiVersion: v1\n", "No current context is set"),
    ],
)
def test_a_broken_file_is_named_with_the_place_and_not_quoted(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NoCluster, match=words) as error:
        resolved(tmp_path, path)
    assert str(path) in error.value.message
    assert "top-secret" not in str(error.value)


def test_a_missing_context_brings_near_names_or_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "production", "staging", current="staging")
    with pytest.raises(NoCluster, match="Did you mean production") as near:
        resolved(tmp_path, path, context="prodution")
    assert "There is no context 'prodution'" in near.value.message
    with pytest.raises(NoCluster, match="There are: production, staging"):
        resolved(tmp_path, path, context="zzz")


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"user": "x-user"}, "names no cluster"),
        ({"cluster": "gone", "user": "x-user"}, "the cluster 'gone', which is not in"),
        ({"cluster": "x"}, "names no user"),
        ({"cluster": "x", "user": "gone"}, "the user 'gone', which is not in"),
    ],
)
def test_a_context_that_leads_nowhere_says_to_what(tmp_path: Path, context: dict[str, str], words: str) -> None:
    path = written(tmp_path / "a", "x", current="half", contexts=[{"name": "half", "context": context}])
    with pytest.raises(NoCluster, match=words):
        resolved(tmp_path, path)


@pytest.mark.parametrize("cluster", [{}, {"server": "prod.test:6443"}])
def test_a_cluster_without_a_usable_address_is_no_cluster(tmp_path: Path, cluster: dict[str, str]) -> None:
    path = written(tmp_path / "a", "x", current="x", clusters=[{"name": "x", "cluster": cluster}])
    with pytest.raises(NoCluster, match="no usable server address"):
        resolved(tmp_path, path)


def test_over_plain_http_nobody_needs_to_be_somebody(tmp_path: Path) -> None:
    cluster = [{"name": "x", "cluster": {"server": "http://127.0.0.1:8001"}}]
    context = [{"name": "proxy", "context": {"cluster": "x"}}]
    path = written(tmp_path / "a", current="proxy", clusters=cluster, contexts=context)
    assert resolved(tmp_path, path).user == {}


def test_credentials_are_in_no_representation(tmp_path: Path) -> None:
    access = resolved(tmp_path, written(tmp_path / "a", "x", current="x"))
    assert access.user["token"] == "secret-of-x"
    assert "secret-of-x" not in f"{access!r} {access.login}"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    with pytest.raises(NoCluster, match="cannot be read: Is a directory"):
        resolved(tmp_path, tmp_path / "dir")
