"""Hearing what people say to a run: an order is a small ConfigMap, so any process of any colleague may give it."""

import asyncio
from contextlib import suppress

from dot_ai_lifecycle.core.errors import LifecycleError
from dot_ai_lifecycle.core.objects import CONFIG_MAPS, ConfigMap
from dot_ai_lifecycle.core.orders import ORDER_LABEL, Order, order_of
from dot_ai_lifecycle.core.ports import Cluster
from dot_ai_lifecycle.core.refs import CONFIG_MAP, ref_to


class Orders:
    """The orders to one operation. Whoever may not watch ConfigMaps hears none, and goes on without."""

    def __init__(self, cluster: Cluster, operation_id: str, namespace: str | None, since: str = "") -> None:
        """`since` is a resource version before which nothing can have been said; without one all is listed first."""
        self._cluster = cluster
        self._operation_id = operation_id
        self._namespace = namespace
        self._since = since
        self._listening: asyncio.Task[None] | None = None
        self._said: dict[str, Order] = {}
        self._news = asyncio.Condition()

    def listen(self) -> None:
        """Begin to listen; once is enough."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name=f"watch orders to {self._operation_id}")

    async def _listen(self) -> None:
        labels = f"{ORDER_LABEL}={self._operation_id}"
        try:
            async with self._cluster.watch(CONFIG_MAPS, self._namespace, labels=labels, since=self._since) as seen:
                async for one in seen:
                    order = order_of(one.item) if one.item is not None else None
                    if order is not None and one.item is not None and one.type == "added":
                        await self._take(order)
                        await self._forget(one.item)
        except LifecycleError:
            return

    async def _take(self, order: Order) -> None:
        async with self._news:
            self._said[order.word] = order
            self._news.notify_all()

    async def _forget(self, heard: ConfigMap) -> None:
        """Remove an order that was heard, so that it can be given again."""
        with suppress(LifecycleError):  # it does not hurt where it is
            await self._cluster.delete(ref_to(CONFIG_MAP, heard.name, self._namespace, heard.uid))

    async def aborted(self) -> Order:
        """The order to stop, once it is given."""
        return await self._given("abort", None)

    async def promoted(self, step: int) -> Order:
        """The order to go on past that step, once it is given; what was said of an earlier step does not count."""
        return await self._given("promote", step)

    def paused(self, step: int) -> Order | None:
        """The order to stay at that step, where it was given."""
        order = self._said.get("pause")
        return order if order is not None and order.step == step else None

    async def said(self, step: int) -> Order:
        """The next order to that step but abort, once it is given; each is told once."""
        async with self._news:
            while True:
                for word in [word for word in self._said if word != "abort"]:
                    order = self._said.pop(word)
                    if order.step == step:
                        return order
                await self._news.wait()

    async def _given(self, word: str, step: int | None) -> Order:
        async with self._news:
            await self._news.wait_for(lambda: word in self._said and step in (None, self._said[word].step))
            return self._said[word]

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
