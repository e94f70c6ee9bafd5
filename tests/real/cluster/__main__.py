"""`python -m tests.real.cluster`: a cluster to try things on by hand; it stands until Enter or Ctrl-C.

With a command it runs that inside, with KUBECONFIG set, and ends with it: `python -m tests.real.cluster bash`.
"""

import os
import subprocess
import sys
from contextlib import suppress

from tests.real.cluster.errors import Unavailable
from tests.real.cluster.real import RealCluster


def main(command: list[str]) -> int:
    """Start, hand over, clean up. Returns the command's exit code, or 2 where this machine cannot hold a cluster."""
    try:
        with RealCluster(lambda line: print(line, file=sys.stderr)) as cluster, suppress(KeyboardInterrupt):
            if command:
                env = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
                return subprocess.run(cluster.inside(*command), env=env, check=False).returncode
            prefix = " ".join(cluster.inside("kubectl", "--kubeconfig", str(cluster.kubeconfig), "get", "nodes"))
            print(f"reach it with: {prefix}\nEnter ends it.", file=sys.stderr)
            sys.stdin.readline()
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
