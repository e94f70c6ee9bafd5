"""A cluster that somebody else runs, named by LIFECYCLE_TEST_KUBECONFIG. Tests make and delete namespaces in it."""

import tempfile
from pathlib import Path
from typing import Self

from tests.real.cluster.access import Cluster
from tests.real.cluster.errors import Unavailable

VARIABLE = "LIFECYCLE_TEST_KUBECONFIG"
PREFIX_VARIABLE = "LIFECYCLE_TEST_IMAGE_PREFIX"


class GivenCluster(Cluster):
    """The cluster behind a kubeconfig. No images can be loaded; `image_prefix` names a registry that has them."""

    def __init__(self, kubeconfig: Path, image_prefix: str | None = None) -> None:
        self._files = tempfile.TemporaryDirectory(prefix="dot-ai-lifecycle-")
        super().__init__(kubeconfig.resolve(), Path(self._files.name), image_prefix)

    def __enter__(self) -> Self:
        answer = self.kubectl("get", "--raw", "/readyz", check=False, timeout=20)
        if answer.returncode != 0:
            self.__exit__()
            raise Unavailable(f"{self.kubeconfig} does not lead to a ready cluster: {answer.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._files.cleanup()
