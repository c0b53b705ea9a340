"""Take out of the image what serving never touches: slim.py VENV ROOT. Run while the image is built, nowhere else.

What is left is proved by proof.py and the model's golden answers in the build, and by .ci/container.py in use.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = (
    # Streamlit asks for these when a page shows a data frame, one of its own charts or a map. Ours show none: they are
    # hypertext and SVG (tests/test_image.py holds them to it), so these 160 MB would never load.
    "pyarrow*",
    "pandas*",
    "altair*",
    "pydeck*",
    "narwhals*",
    "streamlit/static/static/js/PlotlyChart.*",
    "streamlit/static/static/js/DeckGlJsonChart.*",
    "streamlit/static/static/js/EChartsChart.*",
    "streamlit/static/static/js/GraphVizChart.*",
    "streamlit/hello",
    "**/tests",
    "**/*.pyi",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",  # accelerators that a server does not have
    "ai_edge_litert/vendors",
    "ai_edge_litert/tools",
    "sqlalchemy/testing",
    "sqlalchemy/dialects/mssql",
    "sqlalchemy/dialects/mysql",
    "sqlalchemy/dialects/oracle",
    "lxml",  # pyHanko reads XMP with it; the metadata of a report stay as they are (tests/test_report_alone.py)
    "pygments/lexers/[a-z]*",  # rich colours code with them; no command of ours shows code
    "numpy/f2py",
    "numpy/**/*.a",
)
ENVIRONMENT = ("share/jupyter",)  # pydeck's notebooks
SYSTEM = (
    "usr/share/doc/*/changelog*",  # the copyright files stay: they are the licences of what Debian built
    "usr/share/doc/*/NEWS*",
    "usr/share/doc/*/README*",
    "usr/share/doc/*/examples",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/perl*",
    "usr/lib/*-linux-gnu/perl*",
    "usr/bin/perl*",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
    "usr/lib/apt",  # packages are put in by building, never in a running container
    "usr/bin/apt*",
    "usr/lib/*-linux-gnu/libapt-*",
    "usr/lib/python3/dist-packages",  # Debian's pip, where the base has it
    "usr/share/python-wheels",
    "usr/lib/python3*/ensurepip",
    "usr/local/lib/python3*/ensurepip",
    "usr/local/lib/python3*/site-packages/*",
    "usr/local/lib/python3*/test",
    "usr/local/lib/python3*/idlelib",
    "usr/local/lib/python3*/lib2to3",
    "usr/local/lib/python3*/turtledemo",
    "usr/lib/python3*/lib2to3",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/config-*",
    "usr/local/lib/python3*/pydoc_data",
    "usr/local/lib/python3*/config-*",
    "usr/local/bin/pip*",
    "usr/local/include",
    "usr/include",
    "usr/bin/pip*",
)


def matches(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """What the patterns name below a folder, each before it may vanish with another."""
    for pattern in patterns:
        yield from sorted(folder.glob(pattern))


def remove(path: Path) -> int:
    """Remove a file or a folder; the bytes it held."""
    if path.is_symlink() or path.is_file():
        size = path.lstat().st_size
        path.unlink()
        return size
    if not path.is_dir():
        return 0
    size = sum(each.lstat().st_size for each in path.rglob("*") if not each.is_dir())
    shutil.rmtree(path)
    return size


def main(environment: Path, root: Path) -> None:
    packages = next(environment.glob("lib/python3*/site-packages"))
    taken = (("packages", packages, PACKAGES), ("environment", environment, ENVIRONMENT), ("system", root, SYSTEM))
    for name, folder, patterns in taken:
        freed = sum(remove(path) for path in matches(folder, patterns))
        print(f"{name}: {freed / 1e6:.0f} MB less")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
