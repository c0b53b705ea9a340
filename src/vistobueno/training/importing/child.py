"""The process that converts a foreign model: first its limits, then TensorFlow, then the model.

Python in it writes in its folder alone, starts no program and connects to nothing.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from ...core.errors import ModelRefused

_LARGEST_FILE = 4 * 2**30
_FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile", "socket.connect",
              "socket.bind", "socket.getaddrinfo", "os.remove", "os.rename", "os.chmod", "os.symlink", "os.link")  # fmt: skip
_WITHIN = ("os.remove", "os.rename")  # of these, what happens in its own folder is allowed


def _main(work: Path) -> None:
    asked = json.loads((work / "asked.json").read_text(encoding="utf-8"))
    _limit(int(asked["memory"]), float(asked["seconds"]))
    outcome: dict[str, Any]
    try:
        from .foreign_file import read_foreign

        read_foreign(Path(asked["path"]))  # what is no model of Keras is told before TensorFlow takes seconds to start
        from .conversion import convert  # TensorFlow itself stands under the limits

        sys.addaudithook(_refusing(work))
        convert(Path(asked["path"]), work, asked["size"], asked["scaling"]).write(work)
        outcome = {"done": True}
    except ImportError as error:
        outcome = {"missing": str(error)}
    except Exception as error:  # whatever it is, the user gets a sentence
        outcome = {"memory": True} if _out_of_memory(error) else _told(error)
    (work / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


def _told(error: Exception) -> dict[str, Any]:
    if isinstance(error, ModelRefused):
        return {"refused": error.code, "es": error.es, "en": error.en}
    return {"memory": False, "error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether that is what lies at the bottom of it; ResourceExhaustedError is TensorFlow's."""
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            return True
        error = error.__cause__ or error.__context__
    return False


def _limit(memory: int, seconds: float) -> None:
    """Limit this process, where the system can. RLIMIT_DATA, since TensorFlow reserves addresses that it never uses."""
    try:
        import resource
    except ImportError:  # Windows
        return
    cores = os.cpu_count() or 1
    wanted = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_CPU: int(seconds * cores) + 1,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in wanted.items():
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))


def _refusing(work: Path) -> Any:
    """An audit hook (PEP 578) that lets Python write in ``work`` alone, and neither start programs nor connect."""
    inside = os.path.join(os.path.realpath(work), "")  # noqa: PTH118 it ends in a separator, so that no neighbour fits

    def within(name: object) -> bool:
        if not isinstance(name, str | bytes | os.PathLike):
            return isinstance(name, int)  # a file that is open already
        path = os.path.realpath(os.fsdecode(name))
        return path == os.devnull or f"{path}{os.sep}".startswith(inside)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        named = arguments[: 2 if event == "os.rename" else 1]
        if (writes or event in _WITHIN) and all(map(within, named)):
            return
        if writes or event in _FORBIDDEN:
            raise PermissionError(f"{event} {arguments[:1]} is not allowed here")

    return refuse


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
