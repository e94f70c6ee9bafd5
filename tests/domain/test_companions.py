"""How apps that are updated with another one are named."""

import pytest

from dot_ai_lifecycle.core.errors import BadInput
from dot_ai_lifecycle.domain.companions import Companion

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("worker", Companion("worker", "v2")),
        ("deployment/worker", Companion("deployment/worker", "v2")),
        ("api=v2.1", Companion("api", "v2.1")),
        (" api = v2.1 ", Companion("api", "v2.1")),
        (f"api={DIGEST}", Companion("api", DIGEST)),
        (f"api=v2@{DIGEST}", Companion("api", f"v2@{DIGEST}")),
        ("api=api:v2", Companion("api", image="api:v2")),
        ("api=box.local/api", Companion("api", image="box.local/api")),
        (f"api=box.local/api@{DIGEST}", Companion("api", image=f"box.local/api@{DIGEST}")),
    ],
)
def test_a_word_names_an_app_and_what_it_shall_run(word: str, meant: Companion):
    assert Companion.of(word, "v2") == meant


@pytest.mark.parametrize("word", ["", "=v2", "api=", "Api", "a b", "-x", "api/=v2"])
def test_what_names_nothing_is_refused(word: str):
    with pytest.raises(BadInput, match="is not NAME, NAME=VERSION or NAME=IMAGE"):
        Companion.of(word, "v2")
