"""The demo shows what it promises, on its own cluster only, and ends by itself."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(70)
def test_the_demo_loses_no_request_names_the_cause_and_touches_nothing_of_the_user(tmp_path: Path):
    script = Path(sys.executable).with_name("dot-ai")
    elsewhere = tmp_path / "not-there"
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "KUBECONFIG": str(elsewhere),
        "LIFECYCLE_KUBECONFIG": str(elsewhere),
        "LIFECYCLE_CONTEXT": "production",
        "LIFECYCLE_STATE_DIR": str(tmp_path / "state"),
        "LIFECYCLE_PROTECTED_NAMESPACES": "*",
    }
    began = time.monotonic()

    done = subprocess.run([script, "demo"], env=environment, capture_output=True, text=True, timeout=65)

    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 60
    for said in ("> inspect_app", "> update_app", "done: all", "undone:", "cannot open database", "> scale_app"):
        assert said in done.stdout
    assert ", 0 failed." in done.stdout
    assert list(tmp_path.iterdir()) == []
