import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
SKIP = 'import pytest\n\ndef test_it():\n    pytest.skip("not here")\n'
FIXTURE = (
    'import pytest\n\n@pytest.fixture\ndef it():\n    pytest.skip("not here")\n\ndef test_it(it):\n    assert it\n'
)
EXPECTED = 'import pytest\n\n@pytest.mark.xfail(reason="not here")\ndef test_it():\n    assert False\n'
MODULE = 'import pytest\n\npytest.importorskip("no_such_module", reason="not here")\n'
PASSES = "def test_it():\n    assert True\n"
MISSED = {
    "a test skips": {"test_it.py": SKIP},
    "a fixture skips": {"test_it.py": FIXTURE},
    "a test fails as expected": {"test_it.py": EXPECTED},
    "a module skips": {"test_it.py": MODULE},
    "the conftest of a folder skips": {"inner/conftest.py": MODULE, "inner/test_it.py": PASSES},
}


def exit_code(folder: Path, *options: str) -> int:
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(TESTS)}  # plugins take most of the time
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", *options, "tests"],
        cwd=folder, env={**os.environ, **alone}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "not here" in done.stdout, done.stdout + done.stderr
    return done.returncode


def test_no_test_can_be_missed_where_everything_must_be_there(tmp_path: Path) -> None:
    for what, files in MISSED.items():
        folder = tmp_path / what
        for name, text in {**files, "test_beside.py": PASSES}.items():
            file = folder / "tests" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "tests" / "conftest.py").write_text('pytest_plugins = ["no_skips"]\n', encoding="utf-8")  # as ours
        assert exit_code(folder, "--no-skips") != 0, what
        assert exit_code(folder) == 0, f"it is the option that makes it fail: {what}"
