"""Convert somebody else's model in a process of its own, with limits on memory, time and files: it may be made to harm.

The process (`child`) gets no secret of the environment, works in a folder that is deleted, and ends in one of a few ways,
each a sentence.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ...core.errors import ModelRefused
from ..converted import Converted, read_converted

MEMORY = 8 * 2**30  # bytes of its own; less where the machine has less
SECONDS = 900.0
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of the environment


def converted(
    path: Path, input_size: int | None, scaling: str | None, *, memory: int = MEMORY, seconds: float = SECONDS
) -> Converted:
    """Convert the model in ``path`` in a process of its own; see `conversion.convert`.

    Args:
        memory, seconds: what it may take.

    Raises:
        ModelRefused: what `conversion.convert` raises, ``model_too_large``, ``model_too_slow`` or ``model_crashed``.
        ImportError: TensorFlow or tf-keras is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="vistobueno-") as name:
        work, memory = Path(name), min(memory, _machine_memory())
        asked: dict[str, object] = {"path": str(path.absolute()), "size": input_size, "scaling": scaling}
        asked |= {"memory": memory, "seconds": seconds}
        (work / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        command = [sys.executable, "-m", f"{__package__}.child", str(work)]
        try:
            with (work / "said.txt").open("wb") as said:
                subprocess.run(command, cwd=work, env=_environment(work), stdin=subprocess.DEVNULL, stdout=said,  # noqa: S603 its own program
                               stderr=said, timeout=seconds, check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _stopped(path, "model_too_slow", f"tarda más de {seconds:g} s en convertirse",
                           f"takes more than {seconds:g} s to convert") from None  # fmt: skip
        return _outcome(path, work, memory)


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    own = {"HOME": str(work), "TMPDIR": str(work), "TEMP": str(work), "TMP": str(work)}
    own |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **own, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def _outcome(path: Path, work: Path, memory: int) -> Converted:
    try:
        outcome = json.loads((work / "outcome.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it was ended before it could say a word
        said = (work / "said.txt").read_bytes()
        outcome = {"memory": any(sign in said for sign in (b"bad_alloc", b"MemoryError", b"OOM", b"out of memory"))}
    if "refused" in outcome:
        raise ModelRefused(outcome["refused"], es=outcome["es"], en=outcome["en"])
    if "missing" in outcome:
        raise ImportError(outcome["missing"])
    if "done" in outcome:
        return read_converted(work)
    if outcome["memory"]:
        raise _stopped(path, "model_too_large", f"necesita más de {memory / 2**30:.2g} GB de memoria para convertirse",
                       f"needs more than {memory / 2**30:.2g} GB of memory to convert")  # fmt: skip
    raise _stopped(path, "model_crashed", f"hizo caer la conversión ({outcome.get('error', 'sin decir por qué')})",
                   f"crashed the conversion ({outcome.get('error', 'without saying why')})")  # fmt: skip


def _stopped(path: Path, code: str, es: str, en: str) -> ModelRefused:
    return ModelRefused(
        code,
        es=f"{path.name} {es}. Compruebe que es el modelo que espera; si lo es, conviértalo en una máquina mayor o pida "
        "uno más pequeño.",
        en=f"{path.name} {en}. Check that it is the model you expect; if it is, convert it on a larger machine or ask for a "
        "smaller one.",
    )


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return MEMORY
