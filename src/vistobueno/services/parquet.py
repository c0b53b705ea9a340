"""Parquet of plain values: what a field's type is in Arrow's words. pyarrow is imported only when it is asked for."""

from collections.abc import Mapping
from datetime import datetime
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from ..core.errors import VistoBuenoError


class ParquetMissing(VistoBuenoError):
    """pyarrow is not installed."""


def arrow() -> Any:
    """pyarrow, with what computes, Parquet and datasets loaded.

    Raises:
        ParquetMissing: ``parquet_missing``.
    """
    try:
        import pyarrow.compute
        import pyarrow.dataset
        import pyarrow.parquet
    except ImportError as error:
        raise ParquetMissing(
            "parquet_missing",
            es="Falta pyarrow, que lee y escribe Parquet (la imagen del contenedor no la trae). Instálela con pip install "
            "'vistobueno[parquet]'; `vistobueno export` escribe también .csv y .xlsx.",
            en="pyarrow, which reads and writes Parquet, is not installed (the container image does not include it). Install it "
            "with pip install 'vistobueno[parquet]'; `vistobueno export` also writes .csv and .xlsx.",
        ) from error
    return pyarrow


def arrow_type(kind: Any) -> Any:
    """A field's type in Arrow's words; every column may be empty."""
    pa = arrow()
    origin = get_origin(kind)
    if origin is UnionType:
        return arrow_type(get_args(kind)[0])
    if origin is tuple:
        return pa.list_(pa.string())
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        return pa.map_(pa.string(), pa.float64())
    plain = {int: pa.int64(), float: pa.float64(), datetime: pa.timestamp("us", "UTC")}
    return plain.get(kind, pa.string())


def arrow_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as Arrow takes them: a mapping as its pairs."""
    return {name: list(each.items()) if isinstance(each, Mapping) else each for name, each in values.items()}
