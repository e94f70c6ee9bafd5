"""What must not be shown is hidden wherever it turns up, and what may be shown is left alone."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dot_ai_lifecycle.core.redaction import hidden, looks_secret, redact, redacted

WORD = "Zk3vQ9xTb7LmPw2R"  # stands for any secret; never a real one
LONG = WORD * 3


def said(*parts: str) -> str:
    """A secret's form in pieces, so that scanners of repositories do not take these for real ones."""
    return "".join(parts)


JWT = said("ey", "J", "hbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiJib3QifQ", ".", "c2lnbmF0dXJl")
KEY = said("-----BEGIN RSA PRI", "VATE KEY-----\nMIIEow", WORD, "\n-----END RSA PRI", "VATE KEY-----")

CORPUS = {
    "password in a database URL": (f"dial postgres://app:{WORD}@db:5432/shop failed", WORD),
    "password in a URL without user": (f"redis://:{WORD}@cache:6379/0", WORD),
    "password in an AMQP URL with a path": (f"amqps://bot:{WORD}@mq/vhost?heartbeat=5", WORD),
    "password assigned": (f"starting with password={WORD} and port=80", WORD),
    "password in YAML": (f"db:\n  password: {WORD}\n  port: 5432", WORD),
    "password in JSON": (json.dumps({"password": WORD, "port": 5432}), WORD),
    "password in an environment variable": (f"DB_PASSWORD={WORD}", WORD),
    "password in a Java property": (f"spring.datasource.password={WORD}", WORD),
    "password on a command line": (f"mysqldump --password={WORD} shop", WORD),
    "passphrase": (f'passphrase: "{WORD}"', WORD),
    "secret in a query string": (f"GET /callback?state=1&client_secret={WORD}&x=2", WORD),
    "token in a query string": (f"GET /hook?access_token={WORD}&x=2", WORD),
    "token in upper case": (f"API_TOKEN: {WORD}", WORD),
    "API key with a dash": (f"x-api-key: {WORD}", WORD),
    "API key in one word": (f"apikey={WORD}", WORD),
    "access key": (f"AccessKey={WORD}", WORD),
    "private key assigned": (f"private_key='{WORD}'", WORD),
    "credentials": (f"credentials={WORD}", WORD),
    "bearer header": (f"Authorization: Bearer {LONG}", LONG),
    "basic header": (said("authorization: Basic ", base64.b64encode(f"bot:{WORD}".encode()).decode()), "Ym90O"),
    "JSON Web Token": (f"rejected {JWT} as expired", JWT),
    "private key in PEM": (f"could not parse\n{KEY}\nin volume", WORD),
    "private key cut short": (KEY.partition("\n-----END")[0], WORD),
    "AWS access key id": (said("using AK", "IA", "ABCDEFGHIJKLMNOP now"), said("AK", "IA", "ABCDEFGH")),
    "AWS temporary key id": (said("AS", "IA", "ABCDEFGHIJKLMNOP"), said("AS", "IA", "ABCDEFGH")),
    "AWS secret key": (f"aws_secret_access_key = {LONG}", LONG),
    "GitHub token": (said("remote: gh", "p_", LONG, " is revoked"), LONG),
    "GitHub fine-grained token": (said("github", "_pat_", LONG), LONG),
    "GitLab token": (said("gl", "pat-", LONG), LONG),
    "Slack token": (said("xo", "xb-", "1234567890-", WORD), WORD),
    "key of a model provider": (said("s", "k-ant-api03-", LONG), LONG),
    "key of a payment provider": (said("s", "k_live_", LONG), LONG),
    "Google API key": (said("AI", "za", LONG), LONG),
}

HARMLESS = (
    "listening on 8080 version v2",
    "cannot open database: no host named db-2",
    "GET /ready 200 12ms",
    "image registry.example/my-app:v2.1.0@sha256:" + "0123456789abcdef" * 4,
    "http://web.shop.svc.cluster.local:80/ready",
    "pulling from https://registry.example:5000/v2/",
    "passed 12 of 12 checks",
    "0/3 nodes are available: 3 Insufficient memory.",
    "secretName app-tls was not found",
)


@pytest.mark.parametrize(("text", "secret"), CORPUS.values(), ids=CORPUS.keys())
def test_a_secret_in_a_line_of_text_is_hidden(text: str, secret: str):
    shown = redact(text)

    assert secret not in shown
    assert "‹hidden" in shown


def test_the_corpus_is_of_thirty_kinds():
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_is_left_as_it_is(line: str):
    assert redact(line) == line


@pytest.mark.parametrize(("text", "secret"), CORPUS.values(), ids=CORPUS.keys())
def test_hiding_again_changes_nothing_more(text: str, secret: str):
    once = redact(text)

    assert secret not in redact(once)
    assert redact(once).count("\n") == once.count("\n")


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "apiKey",
        "API-KEY",
        "clientSecret",
        "GITHUB_TOKEN",
        "SESSION_KEY",
        "DSN",
        "MYSQL_PWD",
        "COOKIE",
        "X_AUTH",
    ],
)
def test_a_variable_of_a_telling_name_is_hidden_whatever_it_holds(name: str):
    assert redacted({"name": name, "value": "plain"}) == {"name": name, "value": hidden("plain")}


@pytest.mark.parametrize("name", ["LOG_LEVEL", "AUTHOR", "PORT", "KEYBOARD", "DATABASE_HOST", "PATH"])
def test_a_variable_of_a_harmless_name_is_shown(name: str):
    assert redacted({"name": name, "value": "plain"}) == {"name": name, "value": "plain"}


def test_a_template_keeps_its_references_to_secrets_and_loses_their_values():
    container = {
        "name": "web",
        "image": "web:v1",
        "env": [
            {"name": "PASSWORD", "value": WORD},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "app", "key": "token"}}},
        ],
        "command": ["web", f"--password={WORD}"],
    }
    spec = {"containers": [container], "imagePullSecrets": [{"name": "pull"}], "volumes": [{"secretName": "tls"}]}

    shown = json.dumps(redacted(spec), ensure_ascii=False)

    assert WORD not in shown
    assert all(reference in shown for reference in ('"app"', '"pull"', '"tls"', "web:v1"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(values)
def test_redaction_keeps_the_shape_of_any_value(value: Any):
    def shape(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {key: shape(inner) for key, inner in thing.items()}
        if isinstance(thing, list):
            return [shape(inner) for inner in thing]
        return type(thing)

    assert shape(redacted(value)) == shape(value)


@given(st.text(alphabet="abcXYZ019", min_size=8, max_size=40), st.sampled_from(["password", "token", "api_key"]))
def test_whatever_is_assigned_to_a_telling_name_is_hidden(secret: str, name: str):
    assert secret not in redact(f"before {name}={secret} after")


@pytest.mark.timeout(2)
@pytest.mark.parametrize("line", ["a" * 200_000, "password" * 20_000, "x=" * 100_000, "://" * 60_000, "eyJ" * 60_000])
def test_a_long_line_takes_no_noticeable_time(line: str):
    assert isinstance(redact(line), str)


def test_names_are_judged_by_their_words():
    assert looks_secret("db.password")
    assert not looks_secret("replicas")


def test_a_secret_after_its_option_is_hidden():
    told = redacted({"args": ["--db-password", "hunter2", "--verbose", "--token=abcdef", "serve"]})

    assert told["args"] == ["--db-password", hidden("hunter2"), "--verbose", f"--token={hidden('abcdef')}", "serve"]
