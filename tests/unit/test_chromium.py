"""Where the browser tests take their chromium from: `python -m tests.chromium`, before `make test`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chromium import MISSING

PROJECT = Path(__file__).parents[2]
APT = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> calls
case "$*" in *" install "*) printf '#!/bin/sh\\n' > chromium; /bin/chmod +x chromium;; esac
"""


def script(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def looked_for(path: Path, **named: str) -> subprocess.CompletedProcess[str]:
    """With nothing on PATH but what is in the folder."""
    environment = {"PATH": str(path), "PYTHONPATH": str(PROJECT), **named}
    return subprocess.run([sys.executable, "-m", "tests.chromium"], cwd=path, env=environment, capture_output=True, text=True, timeout=30)


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A machine whose apt-get notes what it is asked, and whose sudo needs no password."""
    script(tmp_path / "apt-get", APT)
    script(tmp_path / "sudo", '#!/bin/sh\nshift\nexec "$@"\n')
    (tmp_path / "env").symlink_to("/usr/bin/env")
    return tmp_path


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_one_that_is_there_is_taken(debian: Path, name: str) -> None:
    script(debian / name)
    assert looked_for(debian).returncode == 0
    assert not (debian / "calls").exists()


def test_a_bare_debian_gets_one_without_being_asked_anything(debian: Path) -> None:
    done = looked_for(debian)
    assert (done.returncode, done.stdout, done.stderr) == (0, "installing chromium for the tests (first use)\n", "")
    update, install = (debian / "calls").read_text().splitlines()
    assert update.startswith("noninteractive ")
    assert update.endswith(" update")
    assert install.endswith(" install --yes --no-install-recommends chromium chromium-sandbox")
    assert looked_for(debian).stdout == ""


def test_where_none_can_be_installed_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    done = looked_for(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", MISSING + "\n")


def test_an_apt_get_that_fails_is_quoted(debian: Path) -> None:
    script(debian / "apt-get", "#!/bin/sh\necho 'no network' >&2\nexit 100\n")
    done = looked_for(debian)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["apt-get update: no network", "apt-get install: no network", MISSING]


def test_one_that_was_named_is_the_only_one(debian: Path) -> None:
    script(debian / "chromium")
    assert looked_for(debian, CHROMIUM=str(script(debian / "mine"))).returncode == 0
    assert looked_for(debian, CHROMIUM="/nowhere/chromium").returncode == 2
    assert not (debian / "calls").exists()
