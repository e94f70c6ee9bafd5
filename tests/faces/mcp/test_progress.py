"""Progress: at most twice a second, at least every ten seconds, and always upwards."""

import itertools

import anyio

from dot_ai_lifecycle.engine.run import Progress
from dot_ai_lifecycle.faces.mcp.progress import NOT_LATER, NOT_WITHIN, Teller

Heard = list[tuple[float, float, float | None, str]]


async def heard_from(script: list[tuple[float, Progress]], until: float) -> Heard:
    """What a client hears of a run that tells so, at which second."""
    heard: Heard = []

    async def report(value: float, total: float | None, text: str) -> None:
        heard.append((anyio.current_time(), value, total, text))

    teller = Teller(report)
    began = anyio.current_time()
    async with anyio.create_task_group() as telling:
        telling.start_soon(teller.keep_telling)
        for second, progress in script:
            await anyio.sleep(began + second - anyio.current_time())
            teller(progress)
        await anyio.sleep(began + until - anyio.current_time())
        telling.cancel_scope.cancel()
    return heard


def ready(done: int, total: int = 4) -> Progress:
    return Progress("abcd1234", "pods ready", done, total)


async def test_a_flood_of_news_is_told_twice_a_second_with_the_newest_count() -> None:
    heard = await heard_from([(second / 100, ready(second // 25)) for second in range(100)], until=2.0)

    times = [at for at, *_ in heard]
    assert all(later - earlier >= NOT_WITHIN for earlier, later in itertools.pairwise(times))
    assert len(heard) <= 4
    assert heard[-1][1:3] == (3.0, 4.0)
    assert heard[-1][3].startswith("3/4 pods · pods ready")


async def test_a_silent_run_gives_a_sign_of_life_every_ten_seconds() -> None:
    heard = await heard_from([(0.0, ready(1))], until=45.0)

    times = [at for at, *_ in heard]
    assert len(heard) >= 4
    assert all(later - earlier <= NOT_LATER + NOT_WITHIN for earlier, later in itertools.pairwise(times))


async def test_the_value_always_rises_even_when_an_undo_counts_from_the_start() -> None:
    heard = await heard_from([(0, ready(3)), (1, ready(0)), (2, ready(0)), (3, ready(2))], until=4.0)

    values = [value for _, value, _, _ in heard]
    assert values == sorted(set(values))
    assert "0/4 pods" in heard[1][3]


async def test_a_step_without_a_count_is_told_without_a_total() -> None:
    heard = await heard_from([(0, Progress("abcd1234", "change the image"))], until=1.0)

    assert heard[0][2] is None
    assert heard[0][3].startswith("change the image")
