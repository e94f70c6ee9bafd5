"""Settings come from the environment, once, and what cannot be meant is refused with what can."""

import os
from pathlib import Path

import pytest

from dot_ai_lifecycle.composition import metrics_for
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.settings import from_environment


def test_an_empty_environment_gives_the_careful_defaults():
    settings = from_environment({})

    assert (settings.context, settings.kubeconfig, settings.http_token) == (None, None, None)
    assert (settings.auto_approve, settings.protected_namespaces) == ("none", ("kube-*",))
    assert (settings.allowed_hosts, settings.log_level) == ((), "warning")
    assert settings.state_dir == Path.home() / ".local" / "state" / "dot-ai-lifecycle"
    assert settings.registry_check
    assert settings.actor.startswith("cli:")


def test_everything_can_be_set():
    settings = from_environment(
        {
            "LIFECYCLE_CONTEXT": "staging",
            "LIFECYCLE_KUBECONFIG": "/etc/kube",
            "LIFECYCLE_AUTO_APPROVE": "low",
            "LIFECYCLE_PROTECTED_NAMESPACES": "kube-*, prod , ,shop-?",
            "LIFECYCLE_STATE_DIR": "~/kept",
            "LIFECYCLE_HTTP_TOKEN": "t",
            "LIFECYCLE_ALLOWED_HOSTS": "a.example,b.example",
            "LIFECYCLE_LOG_LEVEL": "DEBUG",
            "LIFECYCLE_ACTOR": "ci:release",
            "LIFECYCLE_REGISTRY_CHECK": "OFF",
            "LIFECYCLE_COMPLETION_SECONDS": "2.5",
        }
    )

    assert (settings.context, settings.kubeconfig, settings.auto_approve) == ("staging", "/etc/kube", "low")
    assert settings.protected_namespaces == ("kube-*", "prod", "shop-?")
    assert settings.state_dir == Path.home() / "kept"
    assert (settings.http_token, settings.allowed_hosts) == ("t", ("a.example", "b.example"))
    assert (settings.log_level, settings.actor, settings.registry_check) == ("debug", "ci:release", False)
    assert settings.completion_seconds == 2.5


def test_files_go_where_the_desktop_keeps_state():
    assert from_environment({"XDG_STATE_HOME": "/state"}).state_dir == Path("/state/dot-ai-lifecycle")


@pytest.mark.parametrize(
    ("variable", "value", "way"),
    [
        ("LIFECYCLE_AUTO_APPROVE", "all", "none or low"),
        ("LIFECYCLE_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("LIFECYCLE_REGISTRY_CHECK", "maybe", "on or off"),
        ("LIFECYCLE_COMPLETION_SECONDS", "soon", "seconds below 100"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(variable: str, value: str, way: str):
    with pytest.raises(BadInput, match=variable) as caught:
        from_environment({variable: value})

    assert way in caught.value.hint


def test_the_command_line_wins_over_the_environment():
    settings = from_environment({"LIFECYCLE_CONTEXT": "staging", "LIFECYCLE_KUBECONFIG": "/a"})

    assert settings.with_cluster("prod", None).context == "prod"
    assert settings.with_cluster("prod", None).kubeconfig == "/a"
    assert settings.with_cluster(None, None) == settings


def test_settings_become_the_rules_for_approval():
    policy = from_environment({"LIFECYCLE_AUTO_APPROVE": "low", "LIFECYCLE_PROTECTED_NAMESPACES": "prod"}).policy

    assert (policy.auto_approve, tuple(policy.protected_namespaces)) == ("low", ("prod",))


def test_a_metrics_provider_is_named_by_its_address_and_neither_it_nor_its_token_is_shown():
    given = {"LIFECYCLE_PROMETHEUS_URL": " https://u:s3cret@prometheus.example:9090/team ", "LIFECYCLE_ACTOR": "ci"}
    settings = from_environment(given)

    assert settings.prometheus_url == "https://u:s3cret@prometheus.example:9090/team"
    assert metrics_for(settings) is not None
    assert "s3cret" not in repr(settings)
    assert metrics_for(from_environment({})) is None
    token = {"LIFECYCLE_PROMETHEUS_URL": "http://prometheus", "LIFECYCLE_PROMETHEUS_TOKEN": "t0ken-t0ken\n"}
    assert from_environment(token).prometheus_token == "t0ken-t0ken"
    assert "t0ken" not in repr(from_environment(token))


@pytest.mark.parametrize(
    "url",
    [
        "prometheus:9090",
        "ftp://u:s3cret@prometheus",
        "http://",
        "http://u:s3cret@prometheus:port",
        "http://u:s3cret@[::1",
        "http://u:s3cret@prometheus/?a=b",
        "http://u:s3cret@prometheus/#a",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str):
    with pytest.raises(BadInput, match="LIFECYCLE_PROMETHEUS_URL is not an address") as caught:
        from_environment({"LIFECYCLE_PROMETHEUS_URL": url})

    assert "s3cret" not in str(caught.value)


def test_two_ways_to_be_known_to_a_metrics_provider_are_one_too_many():
    with pytest.raises(BadInput, match="holds a user"):
        from_environment({"LIFECYCLE_PROMETHEUS_URL": "http://u:p@prometheus", "LIFECYCLE_PROMETHEUS_TOKEN": "t"})


@pytest.mark.parametrize("actor", [None, ""])
def test_who_acts_is_somebody_even_where_the_system_knows_no_name(actor: str | None):
    environment = {"LIFECYCLE_ACTOR": actor} if actor is not None else {}

    assert from_environment(environment).actor != "cli:"
    assert os.getuid() >= 0
