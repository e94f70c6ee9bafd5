"""What a container is told, by Kubernetes' own precedence: examples worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dot_ai_lifecycle.core.configuration import Held, Source, Sources
from dot_ai_lifecycle.domain.configuration.showing import effective, file_lines, variable_lines

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def text(value: str) -> Held:
    return Held("text", len(value), value)


def sources(*found: Source) -> Sources:
    return Sources({(one.kind, one.name): one for one in found}, {})


SETTINGS = Source("ConfigMap", "settings", values={"LOG_LEVEL": text("info"), "REGION": text("eu")})
MORE = Source("ConfigMap", "more", values={"REGION": text("asia"), "not a name": text("x"), "logo": Held("bytes", 9)})
LOGIN = Source("Secret", "login", values={"password": Held("secret", 12, mark="0badcafe")}, changed=NOW - timedelta(3))


def template(**container: Any) -> dict[str, Any]:
    volumes = container.pop("volumes", [])
    return {"spec": {"containers": [{"name": "web", **container}], "volumes": volumes}}


def told(given: dict[str, Any], *found: Source) -> dict[str, str]:
    known = sources(*found)
    return {line.name: line.value for line in variable_lines(effective(given, known).variables, known, NOW)}


def test_what_comes_later_wins_and_env_beats_every_source():
    given = template(
        envFrom=[{"configMapRef": {"name": "settings"}}, {"configMapRef": {"name": "more"}}],
        env=[{"name": "LOG_LEVEL", "value": "debug"}, {"name": "LOG_LEVEL", "value": "trace"}],
    )
    known = sources(SETTINGS, MORE)

    lines = {line.name: line for line in variable_lines(effective(given, known).variables, known, NOW)}

    assert {name: line.value for name, line in lines.items()} == {"LOG_LEVEL": "trace", "REGION": "asia"}
    assert lines["LOG_LEVEL"].overrides == ("ConfigMap settings, key LOG_LEVEL", "pod template")
    assert lines["REGION"].source == "ConfigMap more, key REGION"
    assert lines["REGION"].overrides == ("ConfigMap settings, key REGION",)


def test_a_prefix_comes_before_every_key():
    given = template(envFrom=[{"prefix": "APP_", "configMapRef": {"name": "settings"}}])

    assert told(given, SETTINGS) == {"APP_LOG_LEVEL": "info", "APP_REGION": "eu"}


def test_references_are_filled_in_with_what_was_defined_before_them():
    given = template(
        envFrom=[{"configMapRef": {"name": "settings"}}],
        env=[
            {"name": "HOST", "value": "$(REGION).example"},
            {"name": "URL", "value": "https://$(HOST)/$(LATER)?cost=$$(HOST)"},
            {"name": "LATER", "value": "x"},
        ],
    )

    found = told(given, SETTINGS)

    assert found["HOST"] == "eu.example"
    assert found["URL"] == "https://eu.example/$(LATER)?cost=$(HOST)"


def test_a_secret_is_its_length_its_age_and_its_mark_also_where_it_is_part_of_something():
    given = template(
        env=[
            {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
            {"name": "URL", "value": "db://me:$(PASS)@db"},
        ]
    )

    assert told(given, LOGIN) == {
        "PASS": "‹secret, 12 characters, changed 3 days ago, #0badcafe›",
        "URL": "‹secret, 23 characters›",
    }


def test_a_value_that_looks_like_a_secret_is_hidden_wherever_it_stands():
    given = template(env=[{"name": "API_TOKEN", "value": "abcd"}, {"name": "DB", "value": "postgres://me:pw@db/x"}])

    found = told(given)

    assert found["API_TOKEN"] == "‹hidden, 4 characters›"
    assert "pw" not in found["DB"]


def test_what_takes_in_a_value_that_looks_like_a_secret_by_its_name_is_one():
    given = template(env=[{"name": "DB_PASSWORD", "value": "abcd"}, {"name": "ARGS", "value": "--with $(DB_PASSWORD)"}])

    assert told(given) == {"DB_PASSWORD": "‹hidden, 4 characters›", "ARGS": "‹secret, 11 characters›"}


def test_what_is_missing_is_said_and_only_what_is_not_optional_keeps_pods_from_starting():
    given = template(
        env=[
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "a"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b", "optional": True}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "c"}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ]
    )
    known = (SETTINGS, Source("Secret", "hidden", "unread"))

    assert told(given, *known) == {
        "A": "‹ConfigMap gone does not exist›",
        "B": "‹ConfigMap settings has no key b›",
        "C": "‹Secret hidden may not be read›",
        "POD": "‹known in the pod alone›",
    }
    assert effective(given, sources(*known)).problems == ("web cannot start: ConfigMap gone does not exist (A)",)


def test_files_are_named_by_their_paths_and_those_of_a_sub_path_are_not_renewed():
    given = template(
        volumeMounts=[
            {"name": "all", "mountPath": "/etc/web/"},
            {"name": "all", "mountPath": "/etc/one.conf", "subPath": "REGION"},
            {"name": "parts", "mountPath": "/run/parts"},
            {"name": "elsewhere", "mountPath": "/data"},
        ],
        volumes=[
            {"name": "all", "configMap": {"name": "more"}},
            {
                "name": "parts",
                "projected": {
                    "sources": [
                        {"configMap": {"name": "settings", "items": [{"key": "LOG_LEVEL", "path": "log/level"}]}},
                        {"secret": {"name": "login"}},
                        {"secret": {"name": "gone", "optional": True}},
                    ]
                },
            },
            {"name": "elsewhere", "emptyDir": {}},
        ],
    )
    known = sources(SETTINGS, MORE, LOGIN)

    lines = {line.path: line for line in file_lines(effective(given, known).files, known, NOW)}

    assert {path: line.value for path, line in lines.items()} == {
        "/etc/web/REGION": "asia",
        "/etc/web/not a name": "x",
        "/etc/web/logo": "‹9 bytes›",
        "/etc/one.conf": "asia",
        "/run/parts/log/level": "info",
        "/run/parts/password": "‹secret, 12 characters, changed 3 days ago, #0badcafe›",
        "/run/parts/": "‹Secret gone does not exist›",
    }
    assert lines["/etc/one.conf"].renewal == "with new pods"
    assert lines["/etc/web/REGION"].renewal == "by itself"
    assert effective(given, known).problems == ()


def test_a_long_value_is_cut_and_its_length_said():
    given = template(env=[{"name": "A", "value": "x" * 5_000}])

    assert told(given)["A"] == "x" * 160 + "… (5,000 characters)"
