"""Counts what the house is made of, for docs/architecture.md: python -m docs.house (a part of `make house`)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from docs.modules import ROOT, length, sources
from ops.deploying.staging import staged

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- make house -->\n", "<!-- made by make house -->\n"
PARTS = ("app.py", "chalicelib", "alarms", "ops", "local", "bench", "tests")
LARGEST, ROUNDS = 6, 9
COLD = "import time, {}; print(time.process_time())"


@dataclass(frozen=True)
class Function:
    place: str
    lines: int


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)


def of_part(part: str) -> str:
    """A row: how many modules and functions it has, and how long they are."""
    modules = [path for path in sources(part) if length(path)]
    largest = max(modules, key=length)
    found = sorted((one for path in modules for one in functions(path)), key=lambda one: one.lines)
    lengths = [one.lines for one in found]
    told = f"| `{part}` | {len(modules)} | {sum(map(length, modules)):,} | {median(map(length, modules)):.0f} "
    told += f"| {length(largest)}, `{largest.relative_to(ROOT)}` | {len(found)} "
    if len(found) < 2:
        return told + "| | | |"
    return told + f"| {median(lengths):.0f} | {quantiles(lengths, n=10)[-1]:.0f} | {lengths[-1]}, `{found[-1].place.split(':')[1]}` |"


def asked() -> dict[str, str]:
    """Of requirements.in: why each is there, by its name."""
    return dict(re.findall(r"^([\w.-]+)  # (.+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE))


def pinned() -> dict[str, str]:
    lines = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    return {name.casefold(): version for name, version in lines}


def packages(archive: Path) -> dict[str, int]:
    """Unpacked bytes in the layer by what lies at its top, largest first."""
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(archive) as opened:
        for one in opened.infolist():
            name = one.filename.partition("/site-packages/")[2].partition("/")[0]
            sizes[name] = sizes.get(name, 0) + one.file_size
    return dict(sorted(sizes.items(), key=lambda one: -one[1]))


def cold(*modules: str) -> float:
    """Seconds of processor time of a fresh process that imports these and nothing else."""
    command = [sys.executable, "-c", COLD.format(", ".join(modules))]
    done = subprocess.run(command, cwd=ROOT, env={"STAGE": "dev", "PATH": ""}, capture_output=True, text=True, check=True)
    return float(done.stdout)


def arrows() -> tuple[str, str]:
    """(contracts, imports), as import-linter tells them."""
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    contracts, imports = re.search(r"Contracts: (.+)\.", told), re.search(r"(\d+) dependencies", told)
    assert contracts
    assert imports
    return contracts[1], imports[1]


def numbers() -> Iterator[str]:
    yield "| | modules | lines | median | largest | functions | median | nine of ten at most | longest |"
    yield "|---|---:|---:|---:|---|---:|---:|---:|---|"
    yield from map(of_part, PARTS)
    contracts, imports = arrows()
    yield f"\nArrows (`make arrows`): {contracts}, over {int(imports):,} imports.\n"
    yield from shipped()
    yield from imported()
    yield "| shipped beside the app | | why |\n|---|---|---|"
    versions = pinned()
    yield from (f"| {name} | {versions[name.casefold()]} | {why} |" for name, why in asked().items())
    needed = sorted(set(versions) - {name.casefold() for name in asked()})
    yield f"\nThese need: {', '.join(needed)}. Licences: [licences.md](licences.md)."


def shipped() -> Iterator[str]:
    folder = staged("dev", "us-east-1", {}).package()
    layer, code = folder / "layer-deployment.zip", folder / "deployment.zip"
    unpacked = packages(layer)
    own, others = (millions(archive.stat().st_size) for archive in (code, layer))
    yield f"What Lambda gets: the app, {own} MB zipped, over a layer of {others} MB zipped,"
    largest = ", ".join(f"{name} {millions(size)}" for name, size in list(unpacked.items())[:LARGEST])
    yield f"{millions(sum(unpacked.values()))} MB unpacked (of 250 MB allowed): {largest}.\n"


def millions(size: int) -> str:
    return f"{size / 1e6:.1f}"


def imported() -> Iterator[str]:
    pairs = [(cold("boto3", "chalice"), cold("app")) for _ in range(ROUNDS)]
    ratio = median(ours / base for base, ours in pairs)
    bare, whole = (f"{1000 * median(of):.0f}" for of in zip(*pairs, strict=True))
    yield f"Cold import: `import app` takes {ratio:.2f} times the processor of `import boto3, chalice` ({whole} and {bare} ms, medians of"
    yield f"{ROUNDS}, taken in turns); `python -m bench start` measures up to the first answer.\n"


def main() -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n".join(numbers()) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
