"""python -m ops.verify FILE MANIFEST [--fingerprint F]: whether a report's document is what was signed. Needs no AWS and no network."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib.security.signing import OK, check, fingerprint
from chalicelib.usecases.reports.manifest import canonical, data_set_of, sha256_of


def problems(document: Path, told: Any, wanted: str | None) -> Iterator[str]:
    """What is wrong, in words; nothing where all of it holds. `told` is what GET .../verify answered."""
    manifest, key = told["manifest"], told["public_key"]
    if check(canonical(manifest), told["signature"], key) != OK:
        yield "the manifest isn't what was signed"
    if wanted is not None and fingerprint(key) != wanted:
        yield f"the manifest was signed with another key: {fingerprint(key)}"
    with document.open("rb") as file:
        found = sha256_of(file)
        described = [one for one in manifest["documents"] if one["sha256"] == found]
        if not described:
            yield "the document isn't one that the manifest tells of"
        elif described[0]["format"] == "json" and data_set_of(file.read()) != manifest["data_set_sha256"]:
            yield "the document's data set is another one"


def main() -> int:
    made = argparse.ArgumentParser(prog="python -m ops.verify", description="Holds a report's document against its signed manifest.")
    made.add_argument("file", type=Path, help="the document, as it was downloaded")
    made.add_argument("manifest", type=Path, help="what GET /analytics/reports/{id}/verify answered, as a file")
    made.add_argument("--fingerprint", help="refuse any key but the one of this fingerprint")
    given = made.parse_args()
    try:
        told = json.loads(given.manifest.read_text())
        wrong = list(problems(given.file, told, given.fingerprint))
    except OSError as error:
        made.error(str(error))
    except (KeyError, TypeError, ValueError):
        made.error(f"{given.manifest} isn't what GET /analytics/reports/{{id}}/verify answers")
    for problem in wrong:
        print(f"NOT VALID: {problem}")
    if not wrong:
        manifest, key = told["manifest"], fingerprint(told["public_key"])
        print(f"{given.file.name} is report {manifest['report_id']} of {manifest['customer_id']}, as of {manifest['as_of']}, unaltered")
        checked = "as wanted" if given.fingerprint else "compare it with the one that you were told, or give it with --fingerprint"
        print(f"signed by the key with the fingerprint {key}: {checked}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
