"""Writes docs/modules.md, a line for every module of the app: python -m docs.modules (a part of `make house`)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAP = ROOT / "docs" / "modules.md"


def sources(part: str) -> list[Path]:
    path = ROOT / part
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def length(path: Path) -> int:
    return len(path.read_text().splitlines())


def modules() -> Iterator[str]:
    """Every module of the app with what it says of itself, by folder."""
    yield "# Every module of the app\n"
    yield "Made by `python -m docs.modules` from the docstrings. How it fits together: [architecture.md](architecture.md)."
    folders: dict[Path, list[Path]] = {}
    for path in [ROOT / "app.py", *sources("chalicelib")]:
        if length(path):
            folders.setdefault(path.parent, []).append(path)
    for folder, paths in folders.items():
        yield f"\n## {folder.relative_to(ROOT) if folder != ROOT else 'the top'}\n\n| | |\n|---|---|"
        yield from (f"| {path.name} | {told(path)} |" for path in paths)


def told(path: Path) -> str:
    """The docstring's first paragraph."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    MAP.write_text("\n".join(modules()) + "\n")
