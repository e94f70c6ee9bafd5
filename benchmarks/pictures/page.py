"""Writes the pictures and their sentences: files in docs/pictures, and a block of the guide between two marks."""

from pathlib import Path
from textwrap import fill

from benchmarks.pictures.drawing import drawn
from benchmarks.pictures.scenes import ALL, Scene
from benchmarks.pictures.taken import Taken

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures"
GUIDE = DOCS / "lifecycle-management-guide.md"
BEGIN, END = "<!-- pictures: written by make pictures -->\n", "<!-- end of the pictures -->\n"
_COLUMNS = 120


def kept(scene: Scene, directory: Path = PICTURES) -> Taken:
    """What was seen when the scene was taken last."""
    return Taken.of((directory / f"{scene.name}.json").read_text(encoding="utf-8"))


def keep(scene: Scene, taken: Taken, directory: Path = PICTURES) -> None:
    """Write down what was seen, and the picture of it."""
    directory.mkdir(exist_ok=True)
    (directory / f"{scene.name}.json").write_text(taken.json(), encoding="utf-8")
    draw(scene, directory)


def draw(scene: Scene, directory: Path = PICTURES) -> None:
    """Write the picture of what was kept."""
    seen = kept(scene, directory)
    (directory / f"{scene.name}.svg").write_text(drawn(seen, scene.words(seen)), encoding="utf-8")


def block(directory: Path = PICTURES) -> str:
    """What stands in the guide: every picture with its sentence."""
    return "\n".join(_one(scene, kept(scene, directory)) for scene in ALL)


def _one(scene: Scene, taken: Taken) -> str:
    return f"![{scene.title}](pictures/{scene.name}.svg)\n\n{fill(scene.sentence(taken), _COLUMNS)}\n"


def written(text: str, directory: Path = PICTURES) -> str:
    """The text of the guide with that block between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{block(directory)}\n{END}{after}"


def write() -> None:
    """Draw all that was kept, and write the block of the guide."""
    for scene in ALL:
        draw(scene)
    GUIDE.write_text(written(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
