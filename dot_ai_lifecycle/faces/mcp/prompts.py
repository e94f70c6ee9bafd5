"""Prompts from Markdown files: a heading of TOML that names title, description and arguments, then the text."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import PromptArgument
from pydantic import BaseModel, ConfigDict, Field

_PACKAGE = Path(__file__).resolve().parents[2]
INSTALLED = _PACKAGE / "_prompts"
"""Where the prompts lie in an installed package."""

CHECKOUT = _PACKAGE.parent / "prompts"
"""Where they lie in a checkout."""

MOST_ARGUMENT = 500
"""Characters of an argument that are taken over into the text."""


class Argument(BaseModel):
    """One argument; what stands in the text where it is not given is its `default`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z_]+$")
    description: str
    required: bool = False
    default: str = ""


class Heading(BaseModel):
    """What a prompt's file says about itself."""

    model_config = ConfigDict(extra="forbid")

    title: str
    description: str
    arguments: tuple[Argument, ...] = ()


def prompts(folder: Path | None = None) -> list[Prompt]:
    """The prompts of a folder, by name. Without one, those that came with the program."""
    where = folder or (INSTALLED if INSTALLED.is_dir() else CHECKOUT)
    return [_prompt(path.stem, path.read_text("utf-8")) for path in sorted(where.glob("*.md"))]


def _prompt(name: str, source: str) -> Prompt:
    _, heading_text, body = re.split(r"^\+\+\+\s*$\n?", source, maxsplit=2, flags=re.MULTILINE)
    heading = Heading.model_validate(tomllib.loads(heading_text))
    arguments = {argument.name: argument for argument in heading.arguments}

    async def render(**given: Any) -> str:
        return filled(body.strip(), arguments, given)

    return Prompt(
        name=name,
        title=heading.title,
        description=heading.description,
        arguments=[
            PromptArgument(name=argument.name, description=argument.description, required=argument.required)
            for argument in heading.arguments
        ],
        fn=render,
    )


def filled(body: str, arguments: Mapping[str, Argument], given: Mapping[str, Any]) -> str:
    """The text with `{{name}}` replaced, once: what is filled in is text on one line, never looked at again."""

    def value(match: re.Match[str]) -> str:
        argument = arguments[match.group(1)]
        return " ".join(str(given.get(argument.name) or argument.default).split())[:MOST_ARGUMENT]

    return re.sub(r"\{\{([a-z_]+)\}\}", value, body)
