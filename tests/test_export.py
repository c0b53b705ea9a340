"""`vistobueno export`: the inspections of a station in one file, for people and for programs."""

import csv
import json
import sys
from datetime import UTC
from pathlib import Path

import pytest
from sqlalchemy import Engine

from command_line import Run, vistobueno
from kept import ANA, draft
from vistobueno.core.inspection import Filter
from vistobueno.services.export import ExportRefused, export_inspections
from vistobueno.services.parquet import ParquetMissing
from vistobueno.store.ledger import Ledger

__all__ = ["vistobueno"]
pa = pytest.importorskip("pyarrow", reason="pyarrow is not here")


def filled(engine: Engine) -> None:
    ledger = Ledger(engine)
    for place, name in enumerate(("one.jpg", "two.jpg", "three.jpg"), 1):
        ledger.add(draft(filename=name, lot=None), None, None)
        if place == 2:
            ledger.review(place, ANA, "unfit", "soft", None, ("decay", "bruise"), blind=True)


def test_parquet_has_typed_columns_and_the_last_word_of_people(engine: Engine, tmp_path: Path) -> None:
    from pyarrow import parquet

    filled(engine)
    file = tmp_path / "all.parquet"
    assert export_inspections(engine, file, Filter(), "es") == 3
    table = parquet.read_table(file)
    types = {each.name: each.type for each in table.schema}
    assert types["number"] == pa.int64() and types["at"] == pa.timestamp("us", "UTC")
    assert types["reasons"] == pa.list_(pa.string()) and types["probabilities"] == pa.map_(pa.string(), pa.float64())
    assert "evidence" not in types
    rows = table.to_pylist()
    kept = Ledger(engine).inspection(2)
    assert [each["number"] for each in rows] == [3, 2, 1]
    assert rows[1]["at"] == kept.at.astimezone(UTC) and dict(rows[1]["probabilities"]) == dict(
        kept.verdict.probabilities
    )
    assert (rows[1]["review"], rows[1]["review_defects"], rows[1]["review_blind"]) == (
        "unfit",
        ["decay", "bruise"],
        True,
    )
    assert (rows[0]["review"], rows[0]["reviews"]) == (None, 0)
    assert json.loads(table.schema.metadata[b"vistobueno"])["demo"] is False


def test_the_ending_says_what_is_written_and_a_filter_what_of_it(engine: Engine, tmp_path: Path) -> None:
    filled(engine)
    for name in ("all.csv", "all.xlsx", "none.parquet"):
        asked = Filter(line="nowhere") if name.startswith("none") else Filter()
        count = export_inspections(engine, tmp_path / name, asked, "en")
        assert count == (0 if name.startswith("none") else 3) and (tmp_path / name).stat().st_size
    rows = list(csv.reader((tmp_path / "all.csv").open(encoding="utf-8-sig")))
    assert len(rows) == 4 and rows[2][0] == "2"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.csv", "all.xlsx", "none.parquet"]


def test_what_cannot_be_written_leaves_what_was_there(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "all.parquet").write_text("mine")
    with pytest.raises(ExportRefused, match="export_ending"):
        export_inspections(engine, tmp_path / "all.txt", Filter(), "en")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetMissing) as refused:
        export_inspections(engine, tmp_path / "all.parquet", Filter(), "en")
    assert refused.value.code == "parquet_missing" and "vistobueno[parquet]" in refused.value.message("en")
    assert [each.name for each in tmp_path.iterdir()] == ["all.parquet"]
    assert (tmp_path / "all.parquet").read_text() == "mine"


def test_the_command_says_how_many_it_wrote(vistobueno: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    said = vistobueno("export", tmp_path / "all.parquet", "--line", "principal", "-l", "en")
    assert said.code == 0 and "0 inspections" in said.out and (tmp_path / "all.parquet").exists()
    assert vistobueno("export", tmp_path / "missing" / "all.csv").code == 3
    assert vistobueno("export", tmp_path / "all").code == 3
