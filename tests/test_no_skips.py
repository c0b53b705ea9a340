import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", *options, "tests"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "not here" in done.stdout, done.stdout + done.stderr
    return done.returncode


@pytest.mark.parametrize("what", MISSED)
def test_no_test_can_be_missed_where_everything_must_be_there(what: str, tmp_path: Path) -> None:
    for name, text in {**MISSED[what], "test_beside.py": PASSES}.items():
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "tests" / "conftest.py").write_text('pytest_plugins = ["no_skips"]\n', encoding="utf-8")  # as ours
    assert exit_code(tmp_path, "--no-skips") != 0
    assert exit_code(tmp_path) == 0, "it is the option that makes it fail"
