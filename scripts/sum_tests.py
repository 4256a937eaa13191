"""Adds up several pytest runs from their JUnit files and prints one closing line. Exit 1 where one is missing."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def total(reports: list[Path]) -> dict[str, int]:
    """Test outcomes over all reports: passed, failed (errors too), skipped."""
    tests = failed = skipped = 0
    for report in reports:
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # our own report  # nosec B314
            tests += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return {"passed": tests - failed - skipped, "failed": failed, "skipped": skipped}


if __name__ == "__main__":
    reports = [Path(name) for name in sys.argv[1:]]
    missing = [report.stem for report in reports if not report.is_file()]
    counts = total([report for report in reports if report.is_file()])
    if missing:
        print(f"test: no result from the run on {', '.join(missing)}")
    shown = ["passed", "failed", *(["skipped"] if counts["skipped"] else [])]
    print(", ".join(f"{counts[name]} {name}" for name in shown))
    sys.exit(1 if missing or counts["failed"] else 0)
