"""An embedded cluster of many pods, in a process of its own: `cluster_of_many.py APPS PODS_PER_APP KUBECONFIG`.

It says `ready` and serves until its input ends.
"""

import asyncio
import sys
from pathlib import Path

from dot_ai_lifecycle.embedded.cluster import EmbeddedCluster
from dot_ai_lifecycle.embedded.http import HttpFront, kubeconfig


async def main(apps: int, pods_per_app: int, config: Path) -> None:
    """Fill, serve, wait."""
    async with EmbeddedCluster() as box:
        await box.fill(apps=apps, pods_per_app=pods_per_app)
        front = HttpFront(box.api)
        kubeconfig(await front.start(), config)
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await front.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
