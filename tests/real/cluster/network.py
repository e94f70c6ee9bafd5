"""Network namespaces: how a process, or one thread of it, gets into a cluster's."""

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_Result = TypeVar("_Result")
_libc = ctypes.CDLL(None, use_errno=True)


def _join(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot enter the network namespace: {os.strerror(code)}")


def _join_that_of(pid: int) -> None:
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _join(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def entered(pid: int) -> Iterator[None]:
    """The calling thread, and all threads and processes it starts from now on, are in the network of process `pid`.

    A namespace belongs to a thread: sockets of event loops, subprocesses and later threads follow, earlier threads stay
    where they were. So enter from the main thread, before other threads are started. On the way out the thread returns.
    """
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _join_that_of(pid)
        try:
            yield
        finally:
            _join(before)
    finally:
        os.close(before)


class Visitor:
    """Calls functions inside the network of process `pid`, on a thread of its own, while the caller stays outside."""

    def __init__(self, pid: int) -> None:
        self._thread = ThreadPoolExecutor(1, "network-visitor", initializer=_join_that_of, initargs=(pid,))

    def call(self, function: Callable[[], _Result]) -> _Result:
        """What `function` returns or raises when run inside."""
        return self._thread.submit(function).result()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
