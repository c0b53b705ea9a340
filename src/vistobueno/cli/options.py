"""Options that several verbs have, and what they choose."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from ..model.runtime import Model, RuntimeName
    from ..settings import Settings

ModelOption = Annotated[str, typer.Option("--model", "-m", help="Folder or .zip of a bundle (MODEL_PATH).")]
BundleArgument = Annotated[
    str, typer.Argument(help="A bundle, folder or .zip; by default the one in use.", show_default=False)
]
SkipOption = Annotated[
    bool, typer.Option("--skip-unreadable", help="Go on without photographs that cannot be read; they are counted.")
]
RuntimeOption = Annotated[str, typer.Option("--runtime", help="litert or tensorflow (RUNTIME).")]
HostOption = Annotated[str, typer.Option("--host", help="Address it listens on (BIND_ADDRESS).")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port it listens on (PORT).")]


def chosen_settings(**given: str) -> "Settings":
    """Those of the environment, some of them given otherwise."""
    from ..settings import read_settings

    return read_settings({**os.environ, **given})


def serving_settings(host: str, port: int) -> "Settings":
    """Those of the environment, at another address or port where one is asked for."""
    settings = chosen_settings()
    return replace(settings, bind_address=host or settings.bind_address, port=port or settings.port)


def one_blas_thread() -> None:
    """Before numpy is imported: judging has no matrices worth a thread pool, whose start costs more than a verdict."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def load(model: str, runtime: str) -> "Model":
    """The model that judges, by --model and --runtime."""
    from ..model.runtime import load_model

    chosen = cast("RuntimeName", chosen_settings(**({"RUNTIME": runtime} if runtime else {})).runtime)
    return load_model(bundle_path(model), chosen)


def bundle_path(model: str) -> Path | None:
    """--model, then MODEL_PATH, then MODEL_URL (downloaded once), then the shipped bundle."""
    found = chosen_settings()
    if model or found.model_path:
        return Path(model or found.model_path)
    if found.model_url:
        from ..model.download import cached_model

        return cached_model(found.model_url, found.model_sha256)
    return None
