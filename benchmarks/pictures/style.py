"""How the pictures look: colours for light and dark, and patterns, so that nothing is told by colour alone.

GitHub shows a picture as an image: styles inside it hold, and `prefers-color-scheme` follows the reader's system. The
ground is painted, so that it is legible whichever of the two the page around it has chosen.
"""

from collections.abc import Mapping

FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif"

_LIGHT: Mapping[str, str] = {
    "ground": "fill:#ffffff;stroke:#d1d9e0",
    "ink": "fill:#1f2328",
    "faint": "fill:#59636e",
    "grid": "stroke:#d1d9e0",
    "wanted": "stroke:#1f2328",
    "moment": "stroke:#59636e",
    "old": "fill:#9aa6b2",
    "new": "fill:#1f6feb",
    "oldpale": "fill:#eceff2",
    "newpale": "fill:#dbe9ff",
    "oldline": "stroke:#7a8794",
    "newline": "stroke:#1f6feb",
    "on-old": "fill:#15191e",
    "on-new": "fill:#ffffff",
    "errors": "fill:#fbe3d0",
    "errorline": "stroke:#bc4c00",
    "failed": "fill:#cf222e",
    "cross": "stroke:#cf222e",
    "bad": "fill:#a40e26",
}
_DARK: Mapping[str, str] = {
    "ground": "fill:#0d1117;stroke:#3d444d",
    "ink": "fill:#f0f6fc",
    "faint": "fill:#9198a1",
    "grid": "stroke:#30363d",
    "wanted": "stroke:#f0f6fc",
    "moment": "stroke:#d1d7e0",
    "old": "fill:#7d8894",
    "new": "fill:#4493f8",
    "oldpale": "fill:#20262d",
    "newpale": "fill:#12294a",
    "oldline": "stroke:#7d8894",
    "newline": "stroke:#4493f8",
    "on-old": "fill:#05080c",
    "on-new": "fill:#04101f",
    "errors": "fill:#3a2210",
    "errorline": "stroke:#f0883e",
    "failed": "fill:#f85149",
    "cross": "stroke:#ff7b72",
    "bad": "fill:#ff7b72",
}
_SHAPES = """\
text{font-family:%(font)s;font-size:12px}
.title{font-size:16px;font-weight:600}
.strong{font-weight:600}
.right{text-anchor:end}
.middle{text-anchor:middle}
.grid{stroke-width:1}
.wanted{stroke-width:1.25;stroke-dasharray:5 4}
.moment{stroke-width:1;stroke-dasharray:2 3}
.cross{stroke-width:2;stroke-linecap:round;fill:none}
.oldline,.newline,.errorline{stroke-width:1;fill:none}"""


def styles() -> str:
    """The style sheet, light first, dark where the reader's system is."""
    dark = "".join(f".{name}{{{rule}}}" for name, rule in _DARK.items())
    light = "\n".join(f".{name}{{{rule}}}" for name, rule in _LIGHT.items())
    return "\n".join([_SHAPES % {"font": FONT}, light, f"@media (prefers-color-scheme:dark){{{dark}}}"])


PATTERNS = """\
<pattern id="old-starting" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect class="oldpale" width="6" height="6"/><circle class="old" cx="3" cy="3" r="1"/></pattern>
<pattern id="new-starting" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect class="newpale" width="6" height="6"/><circle class="new" cx="3" cy="3" r="1"/></pattern>
<pattern id="old-ending" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect class="oldpale" width="6" height="6"/><path class="oldline" d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5"/></pattern>
<pattern id="new-ending" width="6" height="6" patternUnits="userSpaceOnUse">\
<rect class="newpale" width="6" height="6"/><path class="newline" d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5"/></pattern>
<pattern id="errors" width="5" height="5" patternUnits="userSpaceOnUse">\
<rect class="errors" width="5" height="5"/><path class="errorline" d="M0 0L5 5M5 0L0 5"/></pattern>"""
"""Dots for pods that start, stripes for pods that end, a lattice for errors."""
