"""A test over many cases that counts as one: where they only multiply, and share what was set up."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def for_each(
    names: str | tuple[str, ...], cases: Iterable[Any] | Callable[[], Iterable[Any]]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the test for each of the cases, in order; what fails says in which. Written like ``parametrize``.

    Cases that are dear to make come from a function, called when the test runs. All see the same fixtures, so a test
    that leaves something behind is for ``parametrize``.
    """
    wanted = (names,) if isinstance(names, str) else names

    def over_all(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)

        @functools.wraps(test)
        def tested(**fixtures: Any) -> None:
            rows = list(cases() if callable(cases) else cases)
            assert rows, "There is no case."
            for row in rows:
                row = (row,) if isinstance(names, str) else row
                given = dict(zip(wanted, row, strict=True))
                try:
                    test(**fixtures, **given)
                except BaseException as error:
                    error.add_note("The case: " + ", ".join(f"{name}={value!r:.200}" for name, value in given.items()))
                    raise

        others = [each for name, each in signature.parameters.items() if name not in wanted]
        tested.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]  # fixtures alone
        return tested

    return over_all
