"""Smoke checks as they are written: a path, perhaps with a status, and never a way out of the Service."""

import pytest

from dot_ai_lifecycle.core.smoke import LONGEST, Check, Reply, checks_of


@pytest.mark.parametrize(
    ("word", "path", "status"),
    [
        ("/", "/", None),
        ("/healthz", "/healthz", None),
        ("/admin=401", "/admin", 401),
        ("/items?page=200", "/items?page=200", None),
        ("/items?page=2=200", "/items?page=2", 200),
        ("/items?a=1&page=200", "/items?a=1&page=200", None),
        ("/items?all=200", "/items?all=200", None),
        ("/items?a=1&b=2=404", "/items?a=1&b=2", 404),
        ("/a=999", "/a=999", None),
        ("/a=20", "/a=20", None),
        ("/v1/..hidden/%7Eme", "/v1/..hidden/%7Eme", None),
    ],
)
def test_a_check_is_a_path_and_after_it_the_status_where_another_one_is_expected(
    word: str, path: str, status: int | None
):
    assert checks_of([word, word]) == (Check(path=path, status=status),)


@pytest.mark.parametrize(
    "word", ["", "healthz", "http://elsewhere/", "/with blank", "/ü", "/page#part", "/\n", "/" + "a" * LONGEST, "=200"]
)
def test_what_is_no_path_is_refused(word: str):
    with pytest.raises(ValueError, match="smoke wants a path such as /healthz"):
        checks_of([word])


@pytest.mark.parametrize("word", ["/..", "/../../../secrets", "/a/%2e%2e/b", "/a%2f..%2fb", "/./a", "/a\\..\\b"])
def test_a_path_that_leads_out_of_the_service_is_refused(word: str):
    with pytest.raises(ValueError, match=r"without \. and \.\. in it"):
        checks_of([word])


@pytest.mark.parametrize(
    ("check", "holds", "fails"),
    [(Check(path="/"), (200, 204, 302, 399), (0, 101, 404, 500)), (Check(path="/", status=401), (401,), (0, 200))],
)
def test_any_status_from_200_to_399_will_do_unless_one_is_named(
    check: Check, holds: tuple[int, ...], fails: tuple[int, ...]
):
    assert [status for status in (*holds, *fails) if check.holds(status)] == list(holds)


def test_a_check_and_a_reply_say_what_they_are():
    checks = checks_of(["/healthz", "/admin=401"])
    assert [str(check) for check in checks] == ["/healthz", "/admin (401)"]
    assert [check.expected for check in checks] == ["2xx or 3xx", "401"]
    assert Reply(status=500, text="\n  \n  boom  \nat line 7").first_line == "boom"
    assert Reply(status=500).first_line == ""
    assert len(Reply(status=500, text="a" * 999).first_line) == 200
