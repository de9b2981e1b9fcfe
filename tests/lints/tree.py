"""What no file of the project may hold: addresses of package indexes, paths of one machine, more than a megabyte.

Run as `python -m tests.lints.tree`; exit code 1 when a file does.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAXIMUM_BYTES = 1_000_000

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a package index": re.compile(
        r"pythonhosted\.|\bpypi\.|test\.pypi|files\.python" + r"hosted|--(extra-)?index-url[ =]", re.I
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.\-/~$}])/(wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|Us" + r"ers/\w+|t" + r"mp)/[\w.]"
    ),
}


def project_files() -> Iterator[Path]:
    """Files under version control and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in sorted(set(listed.stdout.split("\0"))):
        path = ROOT / name
        if name and path.is_file():
            yield path


def findings(paths: Iterable[Path]) -> Iterator[str]:
    """One line for each thing that does not belong, with file and line."""
    for path in paths:
        content = path.read_bytes()
        if len(content) > MAXIMUM_BYTES:
            yield f"{path}: {len(content):,} bytes, more than {MAXIMUM_BYTES:,}"
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            for what, pattern in FORBIDDEN.items():
                if pattern.search(line):
                    yield f"{path}:{number}: names {what}: {line.strip()[:100]}"


if __name__ == "__main__":
    lines = list(findings(project_files()))
    for line in lines:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"tree: {len(lines)} findings\n")
    sys.exit(1 if lines else 0)
