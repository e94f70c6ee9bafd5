"""From words to what was meant: every operation is a command, every field an option, every mistake one sentence."""

from typing import Any

import pytest
from cyclopts import App

from dot_ai_lifecycle import __version__
from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.core.operation import Change, Operation
from dot_ai_lifecycle.engine.engine import Engine
from dot_ai_lifecycle.faces.cli.commands import command_line, output_wanted, words_of
from dot_ai_lifecycle.faces.cli.invocation import Approve, Ask, Demo, Do, RunCluster, Serve, Version
from dot_ai_lifecycle.faces.cli.running import understood
from dot_ai_lifecycle.operations import ALL
from tests.faces.cli.calling import Knobs


class Nothing:
    """A composition nobody may ask for anything: reading a line needs no cluster and no settings."""

    def settings(self, **_: str | None) -> Knobs:
        raise AssertionError("settings were read")

    def engine(self, settings: Knobs) -> Engine:
        raise AssertionError("an engine was built")

    def serve(self, settings: Knobs, *, http: str | None, embedded: bool) -> int:
        raise AssertionError("it began to serve")

    def cluster(self, settings: Knobs, *, port: int, kubeconfig: str | None) -> int:
        raise AssertionError("a cluster was started")

    def demo(self, *, keep: bool) -> int:
        raise AssertionError("the demo was started")


def read(line: str) -> Any:
    return understood(line.split(), Nothing())


def app() -> App:
    return command_line(ALL, Nothing())


COMMANDS = [(operation, word) for operation in ALL for word, _ in words_of(operation)]


@pytest.mark.parametrize(("operation", "word"), COMMANDS, ids=[word for _, word in COMMANDS])
def test_every_field_of_an_operation_is_an_option_of_its_command_and_explained(operation: type[Operation], word: str):
    fixed = next(fixed for found, fixed in words_of(operation) if found == word)
    arguments = app()[word].assemble_argument_collection()
    by_field = {argument.field_info.name: argument for argument in arguments}
    for name in set(operation.model_fields) - set(fixed):
        assert f"--{operation.asked_as(name).replace('_', '-')}" in by_field[name].names
        assert by_field[name].parameter.help, f"{word} --{name} has no description"


@pytest.mark.parametrize(("operation", "word"), COMMANDS, ids=[word for _, word in COMMANDS])
def test_a_change_can_be_agreed_to_and_waited_for_and_a_question_cannot(operation: type[Operation], word: str):
    names = {name for argument in app()[word].assemble_argument_collection() for name in argument.names}
    assert {"--context", "--kubeconfig", "--output", "-o"} <= names
    own = {"--yes", "--plan", "--plan-id", "--no-wait"}
    assert (own <= names) if issubclass(operation, Change) else not (own & names)


def test_the_version_flag_asks_for_the_version_and_on_update_it_is_the_field():
    assert read("--version") == Version(__version__)
    assert read("update my-app --version v2.0.0").change.version == "v2.0.0"


def test_the_line_of_the_requirements_is_understood():
    asked = read("update my-app --version v2.0.0 --strategy rolling -n shop --context prod -o json --yes --wait 30")
    assert isinstance(asked, Do)
    assert (asked.change.app, asked.change.strategy, asked.change.namespace) == ("my-app", "rolling", "shop")
    assert (asked.where.context, asked.where.output) == ("prod", "json")
    assert (asked.agreement.yes, asked.agreement.patience) == (True, 30.0)
    assert read("rollback my-app --to-version v1.9.0").change.to_version == "v1.9.0"
    assert read("scale my-app --replicas 5").change.replicas == 5
    assert read("scale my-app --cpu 500m --memory 512Mi").change.cpu == "500m"
    assert isinstance(read("history my-app"), Ask)
    assert read("operation abcd1234 --wait 25").question.wait == 25
    assert read("restart my-app --no-wait").agreement.patience == 0.0


def test_resume_and_undo_are_one_operation_with_its_action_fixed():
    assert read("resume abcd1234").change.action == "resume"
    assert read("undo abcd1234").change.action == "undo"
    assert read("undo abcd1234").change.operation_id == "abcd1234"
    with pytest.raises(BadInput, match="--action"):
        read("undo abcd1234 --action resume")


def test_images_are_given_as_pairs_one_option_each():
    asked = read("update my-app --images web=shop:v2 --images proxy=envoy@sha256:ab=")
    assert asked.change.images == {"web": "shop:v2", "proxy": "envoy@sha256:ab="}


def test_commands_besides_the_operations_are_understood():
    assert read("approve 0123456789ab --yes") == Approve("0123456789ab", read("list").where, yes=True)
    assert read("serve --http 127.0.0.1:8000 --embedded") == Serve(read("list").where, "127.0.0.1:8000", embedded=True)
    assert read("cluster --port 0 --write-kubeconfig /tmp/k").write_kubeconfig == "/tmp/k"
    assert isinstance(read("cluster"), RunCluster)
    assert read("demo --keep") == Demo(keep=True)


MISTAKES = [
    ("lst", 'Unknown command "lst".*Did you mean "list"'),
    ("updat web --version v2", "Did you mean .update"),
    ("update web --vesion v2", "--vesion.*Did you mean --version"),
    ("update", "`dot-ai update` wants APP"),
    ("undo", "`dot-ai undo` wants OPERATION_ID"),
    ("update web", "[Gg]ive exactly one of version, image, images"),
    ("update web extra --version v2", "'extra' is one word too many"),
    ("update web --version", "--version requires an argument"),
    ("update web --version a --version b", "--version specified multiple times"),
    ("update web --version v2 --strategy sideways", 'Invalid value "sideways" for --strategy.*rolling'),
    ("cluster --kubeconfig k", "--kubeconfig.*Did you mean --write-kubeconfig"),
    ("update web --version v2 --timeout soon", '--timeout.*"soon".*int'),
    ("update web --version v2 --timeout 1", "--timeout cannot be 1: .*greater than or equal to 10"),
    ("update WEB! --version v2", r"app cannot be 'WEB!': it is not written like one \(App"),
    ("update web --images web", "--images wants NAME=VALUE, not 'web'"),
    ("scale web --replicas=-1", "--replicas cannot be -1: .*greater than or equal to 0"),
    ("scale web", "[Gg]ive replicas, cpu or memory"),
    ("list -o yaml", 'Invalid value "yaml" for -o.*"text", "json"'),
    ("list --yes", "Unknown option: --yes"),
    ("-n shop list", "'-n' is not known before a command"),
    ("update web --version v2 --wait -3", "--wait.*>= 0"),
    ("cluster --port 99999", "--port.*<= 65535"),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_is_told_in_one_line_with_what_was_probably_meant(line: str, said: str):
    with pytest.raises(BadInput, match=said) as caught:
        read(line)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["inspect {}", "update web --version {}", "{}", "list --{}", "scale web --replicas {}"]
)
def test_of_a_mistake_only_as_much_is_repeated_as_helps(line: str):
    with pytest.raises(BadInput) as caught:
        read(line.format("x" * 100_000))
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("list -o json", "json"),
        ("lst --output=json --what", "json"),
        ("update --output json", "json"),
        ("list", "text"),
        ("list -o yaml", "text"),
        ("list -o", "text"),
        ("", "text"),
    ],
)
def test_the_form_of_the_answer_is_known_also_where_the_line_makes_no_sense(line: str, form: str):
    assert output_wanted(line.split()) == form


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]):
    assert read("--help") is None
    printed = capsys.readouterr().out
    for word in [*(word for _, word in COMMANDS), "approve", "serve", "cluster", "demo", "--install-completion"]:
        assert word in printed
