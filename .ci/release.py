"""Whether a tag may be released, and its notes: python .ci/release.py v1.2.3 > notes.md, or --rehearse before there is one.

The tag, pyproject.toml and the program must name one version, and CHANGELOG.md must have its section, with the day.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # keepachangelog.com


def versions(root: Path) -> dict[str, str]:
    """Every place that names the version, and what it says."""
    program = (root / "src" / "vistobueno" / "core" / "version.py").read_text(encoding="utf-8")
    said = re.search(r'^__version__ = "(.+)"$', program, re.MULTILINE)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {"pyproject.toml": project["project"]["version"], "core/version.py": said[1] if said else ""}


def section(changelog: str, title: str) -> str:
    """What stands under the heading ``## title``; nothing where there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def release(tag: str, root: Path = ROOT) -> tuple[str, list[str]]:
    """The notes of the release, and what stands against it."""
    version = tag.removeprefix("v")
    wrong = [f"{place} says {said}, the tag {tag}." for place, said in versions(root).items() if f"v{said}" != tag]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = re.search(rf"^## (\[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d)$", changelog, re.MULTILINE)
    notes = section(changelog, dated[1]) if dated else ""
    if not notes:
        wrong.append(f"CHANGELOG.md has nothing under '## {version} - YYYY-MM-DD'.")
    return notes, wrong


def rehearse(root: Path = ROOT) -> tuple[str, list[str]]:
    """The notes that a release of today would have, and what stands against it."""
    said = versions(root)
    wrong = [] if len(set(said.values())) == 1 else [f"The places that name the version differ: {said}."]
    notes = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), "Unreleased")
    unknown = set(re.findall(r"^### (.+)$", notes, re.MULTILINE)) - GROUPS
    wrong += [f"CHANGELOG.md: no group is called {name}; there are {', '.join(sorted(GROUPS))}." for name in unknown]
    return notes, wrong


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit((__doc__ or "").partition("\n")[0])
    text, against = rehearse() if sys.argv[1] == "--rehearse" else release(sys.argv[1])
    if against:
        sys.exit("\n".join(against))
    print(text)
