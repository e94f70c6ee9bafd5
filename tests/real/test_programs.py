"""The cluster's programs are found where they are, unpacked or built where they are not, and missed with a reason."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.cluster import binaries, prerequisites
from tests.real.cluster.binaries import Places
from tests.real.cluster.errors import Unavailable

_CHECKOUT = Path(__file__).parents[2]


def _program(directory: Path, name: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\necho works\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _quiet(line: str) -> None:
    assert line


def test_programs_in_the_first_directory_win(tmp_path: Path) -> None:
    for directory in ("named", "sibling"):
        _program(tmp_path / directory, "clusterbox")
        _program(tmp_path / directory, "testapp")
    places = Places((tmp_path / "named", tmp_path / "sibling"), tmp_path / "cache", go=None)

    found = binaries.find(places, _quiet)

    assert found.clusterbox == tmp_path / "named" / "clusterbox"
    assert found.coredns is None


def test_packed_programs_are_unpacked_into_the_cache_once(tmp_path: Path) -> None:
    for name in ("clusterbox", "testapp", "coredns"):
        subprocess.run(["xz", str(_program(tmp_path / "packed", name))], check=True, timeout=10)
    places = Places((tmp_path / "packed",), tmp_path / "cache", go=None)

    first, second = binaries.find(places, _quiet), binaries.find(places, _quiet)

    assert first == second
    assert first.coredns is not None
    assert first.coredns.is_relative_to(tmp_path / "cache")
    assert subprocess.run([first.coredns], capture_output=True, check=True, timeout=5).stdout == b"works\n"


def test_without_programs_and_without_go_the_reason_names_both(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no clusterbox in .* and no Go to build it"):
        binaries.find(Places((tmp_path,), tmp_path / "cache", go=None), _quiet)


def test_the_application_is_built_with_go_when_nothing_else_has_it(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    _program(tmp_path / "named", "clusterbox")
    told: list[str] = []

    found = binaries.find(Places((tmp_path / "named",), tmp_path / "cache", go), told.append)

    assert "building testapp with Go" in told[0]
    broken = subprocess.run([found.testapp], env={"CRASH": "on purpose"}, capture_output=True, check=False, timeout=5)
    assert b"fatal: on purpose" in broken.stderr


def test_a_build_that_fails_leaves_no_program_behind(tmp_path: Path) -> None:
    _program(tmp_path / "named", "clusterbox")
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho no network >&2\nexit 1\n", encoding="utf-8")
    go.chmod(0o755)

    with pytest.raises(Unavailable, match="go build of testapp failed: no network"):
        binaries.find(Places((tmp_path / "named",), tmp_path / "cache", str(go)), _quiet)

    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_the_list_of_debian_packages_is_the_one_that_is_checked() -> None:
    assert set(prerequisites.PACKAGES.read_text(encoding="utf-8").split()) == prerequisites.packages()


def test_without_root_the_reason_says_so_and_names_the_way_out() -> None:
    as_nobody = "import os; from tests.real.cluster import prerequisites; os.seteuid(65534); prerequisites.check()"

    said = subprocess.run(
        [sys.executable, "-c", as_nobody], cwd=_CHECKOUT, capture_output=True, check=False, timeout=10
    )

    assert b"Unavailable: a cluster of our own needs root; or set LIFECYCLE_TEST_KUBECONFIG" in said.stderr
