"""The lease on an app: named so that it is found, read so that a silent holder is told from a living one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dot_ai_lifecycle.core.leases import DURATION, RENEW_EVERY, held, lease_manifest, lease_of
from dot_ai_lifecycle.core.refs import DEPLOYMENT, STATEFUL_SET, ref_to

WEB = ref_to(DEPLOYMENT, "web", "shop", "uid-1")
NOON = datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_each_workload_has_a_lease_of_its_own_in_its_namespace():
    other = lease_of(ref_to(STATEFUL_SET, "web", "shop"))

    assert (lease_of(WEB).name, lease_of(WEB).namespace) == ("lifecycle-deployment-web", "shop")
    assert other.name != lease_of(WEB).name


def test_the_longest_name_still_makes_a_name():
    assert len(lease_of(ref_to(DEPLOYMENT, "a" * 253, "shop")).name) <= 253


def test_what_is_written_is_read_back():
    later = NOON + timedelta(seconds=5)

    holding = held(lease_manifest(WEB, "cli:alice/abcd1234", since=NOON, now=later))

    assert holding is not None
    assert (holding.actor, holding.operation) == ("cli:alice", "abcd1234")
    assert (holding.since, holding.renewed, holding.duration) == (NOON, later, DURATION)


def test_an_actor_may_have_slashes_in_its_name():
    holding = held(lease_manifest(WEB, "mcp:desktop/1.2/abcd1234", since=NOON, now=NOON))

    assert holding is not None
    assert (holding.actor, holding.operation) == ("mcp:desktop/1.2", "abcd1234")


@pytest.mark.parametrize(
    "spec", [None, {}, {"holderIdentity": ""}, {"holderIdentity": "a/b"}, {"renewTime": "2026-07-01T12:00:00.0Z"}]
)
def test_a_lease_that_was_let_go_is_held_by_nobody(spec: dict[str, Any] | None):
    assert held({"spec": spec}) is None


def test_a_lease_let_go_by_us_is_held_by_nobody():
    assert held(lease_manifest(WEB, "", since=NOON, now=NOON)) is None


def test_a_lease_lives_for_its_duration_after_the_last_renewal():
    holding = held(lease_manifest(WEB, "a/b", since=NOON, now=NOON))

    assert holding is not None
    assert holding.expires_in(NOON) == DURATION
    assert holding.expires_in(NOON + timedelta(seconds=DURATION + 1)) == -1


def test_a_strangers_lease_without_times_of_its_own_gets_the_usual_ones():
    holding = held({"spec": {"holderIdentity": "them", "renewTime": "2026-07-01T12:00:00Z"}})

    assert holding is not None
    assert (holding.since, holding.duration) == (datetime(2026, 7, 1, 12, tzinfo=UTC), DURATION)


def test_two_renewals_may_fail_before_a_lease_is_lost():
    assert 3 * RENEW_EVERY <= DURATION


def test_long_names_that_begin_alike_have_leases_of_their_own():
    one, other = (lease_of(ref_to(STATEFUL_SET, f"{'a' * 240}{end}", "shop")).name for end in ("b", "c"))

    assert one != other
    assert max(len(one), len(other)) <= 253
