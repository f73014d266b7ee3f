"""What `make coverage` lets pass, and what it doesn't."""

from typing import Any

from tests.branches import LIMITS, packages, percent, wrong


def told(lines: str = "10/10", branches: str = "4/4", missing: Any = (), arcs: Any = ()) -> dict[str, Any]:
    ran, there = lines.split("/")
    taken, ways = branches.split("/")
    summary = {"covered_lines": int(ran), "num_statements": int(there), "covered_branches": int(taken), "num_branches": int(ways)}
    return {"summary": summary, "missing_lines": missing, "missing_branches": arcs}


def test_all_of_the_domain_and_the_use_cases_and_nearly_all_of_the_rest_pass() -> None:
    files = {
        "chalicelib/domain/a.py": told(),
        "chalicelib/usecases/documents/b.py": told("80/80", "40/40"),
        "chalicelib/stores/c.py": told("9/10", "4/5"),
    }
    assert list(wrong(files)) == []


def test_a_branch_that_a_use_case_leaves_out_is_named() -> None:
    files = {"chalicelib/usecases/a.py": told("99/100", "99/100", [7], [[3, 5], [4, -1]])}
    assert list(wrong(files)) == [
        "chalicelib/usecases: 99.00 % of lines, 100 % are wanted",
        "chalicelib/usecases: 99.00 % of branches, 100 % are wanted",
        "chalicelib/usecases/a.py: 7, 3->5, 4->exit",
    ]


def test_many_lines_make_up_for_no_branch() -> None:
    files = {"chalicelib/stores/a.py": told("1000/1000", "9/10")}
    assert list(wrong(files)) == ["chalicelib: 90.00 % of branches, 95 % are wanted"]


def test_a_limit_that_is_missed_by_little_is_missed() -> None:
    assert list(wrong({"chalicelib/web/a.py": told(branches="94999/100000")})) == ["chalicelib: 94.99 % of branches, 95 % are wanted"]


def test_a_package_is_what_lies_in_it_and_no_other_of_like_name() -> None:
    files = {"chalicelib/domain/a.py": told("5/10"), "chalicelib/domains/b.py": told(), "chalicelib/logs.py": told()}
    assert packages(files) == ["chalicelib", "chalicelib/domain", "chalicelib/domains"]
    assert percent(files, "chalicelib/domain", "lines") == 50


def test_the_domain_and_the_use_cases_are_held_to_all() -> None:
    assert {LIMITS["chalicelib/domain"], LIMITS["chalicelib/usecases"]} == {100}
