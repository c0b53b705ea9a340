"""An archive scored: what stands already is left, the rest is judged by an engine, and only here is it kept."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...core.layers import Progress
from ..engine import Engine, Local
from .photographs import Key, Photographs
from .results import Results
from .scored import ERROR, Row

Engines = Callable[[NDArray[np.bytes_]], Engine[str, Row]]
"""Makes the engine, given the hashes of what is known already; see `scored.Judge`."""
_ROWS, _SECONDS = 10_000, 60.0  # of a file at most: what a run that is killed has to do again
_ASKED_AT_ONCE = 32  # objects that are asked for their version


@dataclass(frozen=True)
class Run:
    """What one run did.

    Attributes:
        photographs: of the archive; ``standing``: whose rows stood already.
        answers: how many came to be ``fit``, ``unfit``, ``review``, ``refused``, or are ``known`` under another name.
        refusals: how many were refused, by code.
    """

    photographs: int
    standing: int
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)


def score(
    keys: Sequence[Key],
    results: Results,
    photographs: Photographs,
    engines: Engines,
    progress: Progress = lambda step, done, total: None,
) -> Run:
    """Judge the photographs that have no row yet; what was judged is kept also where this is cut.

    Args:
        results: entered, of the model that the engine judges by.
    """
    if results.any():
        keys = _with_versions(keys, photographs)
    names, old = results.missing(keys)
    results.forget(old)
    done = Run(len(keys), len(keys) - len(names))
    rows: list[Row] = []
    last = time.monotonic()
    try:
        for number, row in enumerate(engines(results.hashes()).submit(names), 1):
            rows.append(row)
            done.answers[row.get("answer") or ("refused" if row.get(ERROR) else "known")] += 1
            if row.get(ERROR):
                done.refusals[row[ERROR]] += 1
            if len(rows) >= _ROWS or time.monotonic() - last > _SECONDS:
                results.write(rows)
                rows, last = [], time.monotonic()
            progress("photographs", number, len(names))
    finally:  # also at Ctrl-C
        results.write(rows)
    results.end()
    return done


def _with_versions(keys: Sequence[Key], photographs: Photographs) -> list[Key]:
    """With the versions that nobody has told: a manifest names only."""

    def asked(key: Key) -> Key:
        return key if key.version is not None else Key(key.name, photographs.version(key.name))

    return list(Local(asked, _ASKED_AT_ONCE).submit(keys))
