"""The installed script at its borders: streams, signals, exit codes, start-up."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from tests.faces.cli.console import SCRIPT, bare_environment, console

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.timeout(40)]

BROKEN = """
import sys
from dot_ai_lifecycle.composition import Composition
from dot_ai_lifecycle.faces.cli.running import run

class Broken(Composition):
    def engine(self, settings):
        raise ZeroDivisionError("token=abcdefgh1234")

sys.exit(run(["list", "-o", "json"], Broken()))
"""
"""The command line with a defect in it."""

UPDATE = ("update", "web", "-n", "shop", "--version")


async def test_a_pipe_gets_plain_text_and_the_exit_code_tells_how_it_ended(tmp_path: Path):
    async with console(tmp_path) as desk:
        code, out, err = await desk.run("list", "-n", "shop")
        assert (code, err, "\x1b" in out) == (0, "", False)
        assert "deployment/web" in out
        code, out, _ = await desk.run(*UPDATE, "v2", "--yes")
        assert (code, desk.image(), "\x1b" in out) == (0, "box.local/web:v2", False)


async def test_a_document_is_alone_on_stdout(tmp_path: Path):
    async with console(tmp_path) as desk:
        code, out, err = await desk.run(*UPDATE, "v2-crash", "--yes", "-o", "json")
        assert (code, json.loads(out)["status"], err) == (1, "undone", "")
        code, out, err = await desk.run("inspect", "wib", "-n", "shop", "-o", "json")
        assert (code, json.loads(out)["code"]) == (2, "not_found")
        assert err.splitlines() == ["dot-ai: There is no app 'wib' in namespace shop.", "Did you mean web?"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
async def test_a_stopped_command_leaves_an_operation_that_is_resumed_later(tmp_path: Path, number: signal.Signals):
    async with console(tmp_path) as desk:
        process = await desk.start(*UPDATE, "v2-slow", "--yes")
        await _says(process, b"of 4 pods of")
        process.send_signal(number)
        out, err = await process.communicate()
        assert (process.returncode, err) == (3, b"")
        assert b"was interrupted" in out
        assert b"dot-ai resume " in out
        assert b"dot-ai undo " in out
        operation = out.decode().rsplit("dot-ai undo ", 1)[1].split()[0]
        code, _, _ = await desk.run("undo", operation, "--yes")
        assert (code, desk.image()) == (0, "box.local/web:v1")


async def test_who_does_not_wait_finds_the_work_done_later(tmp_path: Path):
    async with console(tmp_path) as desk:
        code, out, _ = await desk.run(*UPDATE, "v2", "--yes", "--no-wait", "-o", "json")
        left = json.loads(out)
        assert (code, left["status"]) == (3, "running")
        history = json.loads((await desk.run("history", "web", "-n", "shop", "-o", "json"))[1])["operations"]
        while len(history) < 2:
            history = json.loads((await desk.run("history", "web", "-n", "shop", "-o", "json"))[1])["operations"]
        _, out, _ = await desk.run("operation", history[0]["operation_id"], "--wait", "20", "-o", "json")
        outcome = json.loads(out)
        assert (outcome["status"], outcome["follows"]) == ("done", left["operation_id"])
        assert desk.image() == "box.local/web:v2"


async def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path: Path):
    async with console(tmp_path) as desk:
        process = await desk.start(*UPDATE, "v2", "--yes")
        assert process.stdout is not None
        await process.stdout.readline()
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined] # what `| head -1` does
        assert process.stderr is not None
        err = await process.stderr.read()
        assert (await process.wait(), err, desk.image()) == (0, b"", "box.local/web:v2")


async def test_help_into_a_closed_pipe_is_no_defect(tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        "bash", "-o", "pipefail", "-c", f"{SCRIPT} --help | true",
        stdout=PIPE, stderr=PIPE, env=bare_environment(tmp_path),
    )  # fmt: skip
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")
    assert not (tmp_path / "state").exists()


async def test_a_cluster_that_does_not_answer_is_said_in_two_lines(tmp_path: Path):
    async with console(tmp_path) as desk:
        (tmp_path / "elsewhere").write_text((tmp_path / "kubeconfig").read_text().replace("127.0.0.1:", "127.0.0.1:1/"))
        for words in (("--kubeconfig", str(tmp_path / "elsewhere")), ("--kubeconfig", str(tmp_path / "missing"))):
            code, out, err = await desk.run("list", *words)
            assert (code, out) == (2, "")
            assert err.startswith("dot-ai: ")
            assert 1 <= len(err.splitlines()) <= 2
            assert "Traceback" not in err
        code, out, err = await desk.run("list", "--context", "embeded")
        assert (code, "embedded" in err) == (2, True)


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("dot-ai update web -n shop --version v2 <&-", 2, "Nothing was changed: nobody is here", ""),
        ("dot-ai inspect wib -n shop 2>&-", 2, "", ""),
        ("dot-ai list -n shop >&-", 0, "", ""),
        ("dot-ai update web -n shop --version v2 --yes <&- >&- 2>&-", 0, "", ""),
        ("dot-ai serve <&-", 0, "", ""),
    ],
)
async def test_a_stream_that_is_closed_is_one_where_nothing_comes_or_goes(
    tmp_path: Path, line: str, code: int, out: str, err: str
):
    async with console(tmp_path) as desk:
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", line, stdout=PIPE, stderr=PIPE, env=desk.environment
        )  # fmt: skip
        said, complained = (text.decode() for text in await process.communicate())
        assert (process.returncode, complained) == (code, err)
        assert out in said
        assert bool(said) == bool(out)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("dot-ai list -n shop >/dev/full", 74),
        ("dot-ai list -n shop -o json >/dev/full", 74),
        ("dot-ai --help >/dev/full", 74),
        ("dot-ai inspect wib -n shop -o json >/dev/full", 2),
        ("dot-ai update web -n shop --version v2 --yes >/dev/full", 74),
    ],
)
async def test_a_full_disk_stops_nothing_and_is_said(tmp_path: Path, line: str, code: int):
    async with console(tmp_path) as desk:
        process = await asyncio.create_subprocess_exec("bash", "-c", line, stderr=PIPE, env=desk.environment)
        _, err = await process.communicate()

        assert process.returncode == code
        assert err.decode().splitlines()[-2:] == [
            "dot-ai: The output could not be written whole: No space left on device.",
            "Make room and ask again; what was changed stands in `dot-ai history`.",
        ]
        assert desk.image() == ("box.local/web:v2" if "update" in line else "box.local/web:v1")
        assert not (tmp_path / "state" / "defects").exists()


async def test_where_nobody_can_be_told_anything_the_exit_code_still_tells(tmp_path: Path):
    async with console(tmp_path) as desk:
        line = "dot-ai update web -n shop --version v2-crash --yes >/dev/full 2>/dev/full"
        process = await asyncio.create_subprocess_exec("bash", "-c", line, env=desk.environment)

        assert (await process.wait(), desk.image()) == (1, "box.local/web:v1")


@pytest.mark.parametrize("words", [["dot-ai"], ["dot-ai-lifecycle"], ["python", "-m", "dot_ai_lifecycle"]])
async def test_all_three_names_are_the_same_program(tmp_path: Path, words: list[str]):
    process = await asyncio.create_subprocess_exec(
        str(Path(SCRIPT).with_name(words[0])),
        *words[1:],
        "lst",
        stdout=PIPE,
        stderr=PIPE,
        env=bare_environment(tmp_path),
    )
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b'dot-ai: Unknown command "lst". Did you mean "list"?')


async def test_an_unforeseen_error_is_one_line_and_its_details_are_in_a_file(tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BROKEN, stdout=PIPE, stderr=PIPE, env=bare_environment(tmp_path)
    )
    out, err = (text.decode() for text in await process.communicate())
    assert process.returncode == 70
    assert err.splitlines()[0].startswith("dot-ai: An error that should not happen (ZeroDivisionError)")
    assert json.loads(out)["status"] == "error"
    [details] = (tmp_path / "state" / "defects").iterdir()
    assert str(details) in err
    assert "ZeroDivisionError" in details.read_text()
    assert "abcdefgh1234" not in details.read_text() + out + err
    assert details.stat().st_mode & 0o077 == 0


async def test_version_and_help_load_no_cluster_client_and_no_mcp(tmp_path: Path):
    for words in (["--version"], ["--help"], ["update", "--help"]):
        code = (
            "import sys\nfrom dot_ai_lifecycle.composition import Composition\n"
            "from dot_ai_lifecycle.faces.cli.running import run\n"
            f"assert run({words!r}, Composition()) == 0\n"
            "assert not {'kubernetes_asyncio', 'aiohttp', 'mcp'} & set(sys.modules), sorted(sys.modules)"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=PIPE, stderr=PIPE, env=bare_environment(tmp_path)
        )
        _, err = await process.communicate()
        assert process.returncode == 0, err.decode()


async def test_the_script_prints_its_version(tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        SCRIPT, "--version", stdout=PIPE, stderr=PIPE, env=bare_environment(tmp_path)
    )
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"0.1.0\n", b"")


async def _says(process: Process, text: bytes) -> None:
    """Read the process's stdout up to a line with that text."""
    assert process.stdout is not None
    while text not in (line := await process.stdout.readline()):
        assert line, "it ended before it said so"
