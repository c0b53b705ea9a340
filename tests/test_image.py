import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cases import for_each

ROOT = Path(__file__).parents[1]
UI = sorted((ROOT / "src" / "vistobueno" / "desk").rglob("*.py"))
NOT_IN_THE_IMAGE = ("pandas", "pyarrow", "altair", "pydeck", "narwhals")
ASK_FOR_THEM = re.compile(
    r"(dataframe|table|data_editor|.*_chart|map|pydeck|graphviz|plotly|vega_lite|metric_chart|json_editor)$"
)


def loaded(name: str) -> ModuleType:
    """A script of deploy/ as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, ROOT / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@for_each("file", UI)
def test_no_page_asks_streamlit_for_what_the_image_does_not_have(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "st"
    }
    assert [name for name in used if ASK_FOR_THEM.match(name)] == []


def test_the_whole_application_loads_without_what_the_image_does_not_have() -> None:
    program = f"""
import importlib, pkgutil, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_IN_THE_IMAGE!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from vistobueno.web.app import application
application()
import vistobueno.desk
for each in pkgutil.iter_modules(vistobueno.desk.__path__):
    if each.name != "main":
        importlib.import_module(f"vistobueno.desk.{{each.name}}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_serving_never_touches_is_taken_out_and_the_rest_stays(tmp_path: Path) -> None:
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    gone = (
        "pandas/__init__.py",
        "numpy/core/tests/test_x.py",
        "pyarrow/libarrow.so",
        "sqlalchemy/testing/x.py",
        "a/b.pyi",
        "lxml/etree.so",
        "../../../share/jupyter/nbextensions/index.js",
    )
    stay = (
        "numpy/core/x.py",
        "sqlalchemy/sql/x.py",
        "streamlit/static/static/js/index.A1.js",
        "pygments/lexers/__init__.py",
    )
    for name in (*gone, *stay):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_bytes(b"x")
    system = tmp_path / "root"
    for name in (
        "usr/share/doc/x/copyright",
        "usr/share/doc/x/changelog.gz",
        "usr/bin/apt-get",
        "usr/bin/python3.11",
        "var/lib/dpkg/status",
    ):
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_bytes(b"x")
    loaded("deploy/image/slim.py").main(tmp_path / "venv", system)
    assert [name for name in gone if (packages / name).exists()] == []
    assert [name for name in stay if not (packages / name).exists()] == []
    left = sorted(each.relative_to(system).as_posix() for each in system.rglob("*") if each.is_file())
    # scanners read what Debian installed; its licences travel with it
    assert left == ["usr/bin/python3.11", "usr/share/doc/x/copyright", "var/lib/dpkg/status"]


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    loaded("deploy/image/slim.py").remove(tmp_path / "link")
    assert (tmp_path / "kept" / "file").exists() and not (tmp_path / "link").is_symlink()


def test_every_package_that_serves_has_its_licence_in_the_notices() -> None:
    notices = loaded("deploy/notices.py")
    told = {
        re.sub(r"[-_.]+", "-", name).lower(): licence
        for name, licence in re.findall(
            r"^\| (\S+) \| (.+?) \| ", (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8"), re.M
        )
    }
    wanted = set(notices.locked((ROOT / "requirements" / "serve.txt").read_text(encoding="utf-8")))
    assert {name for name in wanted - told.keys() if importlib.util.find_spec(name.replace("-", "_"))} == set()
    assert [name for name, licence in told.items() if licence == "?"] == []


@pytest.mark.parametrize(("answer", "code"), [(200, 0), (503, 1), (None, 1)])
def test_the_health_check_says_by_its_exit_code_whether_the_station_is_ready(answer: int | None, code: int) -> None:
    import http.server
    import threading

    from servers import free_port

    class Station(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer if answer and self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    port = free_port()
    server = http.server.HTTPServer(("127.0.0.1", port), Station) if answer else None
    if server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    script = ROOT / "deploy" / "image" / "health.py"
    done = subprocess.run([sys.executable, str(script)], env={"PORT": str(port)}, capture_output=True, check=False)
    if server:
        server.shutdown()
        server.server_close()
    assert done.returncode == code
