"""Write THIRD_PARTY_NOTICES.md: the licence of every package that serving installs, from the packages' own words.

python deploy/notices.py > THIRD_PARTY_NOTICES.md      in an environment where requirements/serve.txt is installed
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "serve.txt"
ELSEWHERE = {"win32"}  # platforms that the image and the tests are not on


def locked(text: str) -> list[str]:
    """Names of the lock that this platform installs."""
    lines = re.findall(r"^([a-z0-9][\w.-]*)==\S+ ?(?:; (.*?))? \\$", text, re.MULTILINE)
    return sorted(
        {name for name, marker in lines if not any(f"sys_platform == '{each}'" in marker for each in ELSEWHERE)}
    )


def licence(package: Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of the field."""
    facts = package.metadata
    if facts["License-Expression"]:
        return str(facts["License-Expression"])
    classes = [each.rpartition(" :: ")[2] for each in facts.get_all("Classifier", []) if each.startswith("License :: ")]
    if found := [each for each in classes if each != "OSI Approved"]:
        return ", ".join(found)
    first = (facts["License"] or "").strip().splitlines()
    return first[0][:60] if first else "?"


def home(package: Distribution) -> str:
    """Where it comes from."""
    links = dict(each.split(", ", 1) for each in package.metadata.get_all("Project-URL", []) if ", " in each)
    wanted = ("homepage", "source", "repository", "source code", "github", "home")
    by_name = {name.lower(): link for name, link in links.items()}
    return str(next((by_name[each] for each in wanted if each in by_name), package.metadata["Home-page"] or ""))


def lines() -> list[str]:
    """The document."""
    found = [
        "# Third-party notices",
        "",
        "Visto Bueno is Apache-2.0. What it installs to serve, with the licence that each package states; the texts are in",
        "the packages themselves (`*.dist-info/licenses`), in the container image too. Made by `make notices`.",
        "",
        "| package | licence | from |",
        "| --- | --- | --- |",
    ]
    for name in locked(LOCK.read_text(encoding="utf-8")):
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another Python or system
            continue
        found.append(f"| {package.metadata['Name']} | {licence(package)} | {home(package)} |")
    return [
        *found,
        "",
        "Wheels that carry libraries of others in binary form state their licences themselves: above all pillow_heif's, with",
        "libheif and libde265 (LGPL-3.0) and x265 (GPL-2.0), and psycopg-binary's, with libpq (PostgreSQL) and OpenSSL.",
        "",
        "The shipped model: weights of EfficientNet-Lite, Apache-2.0; the photographs it was trained on are listed in its",
        "card in `models/` and travel with nothing. The container image adds Python (PSF-2.0) and Debian, whose licences",
        "are named in its bill of materials.",
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
