"""Reports of lots that nobody inspected, with drawn photographs, for tests."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from vistobueno.cli.drawn import draw_photo
from vistobueno.core.inspection import ModelName
from vistobueno.core.lots.lot import LotFacts
from vistobueno.report.report import (
    Estimate,
    Judgement,
    Limit,
    LineFacts,
    Package,
    People,
    Photograph,
    Plan,
    Report,
)

AT = datetime(2026, 11, 29, 14, 5, tzinfo=UTC)


@cache
def jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    draw_photo("banana_unfit", seed, (320, 240)).save(out, "JPEG")
    return out.getvalue()


def drawn_report(**changes: Any) -> Report:
    """An accepted lot of bananas; ``changes`` are fields of `Report`."""
    packages = tuple(
        Package(str(label), 20, len(defects), dict.fromkeys(defects, 1))
        for label, defects in (
            (3, ()), (17, ("bruise",)), (42, ()), (58, ("crown_rot", "scarring")), (103, ()),
        )
    )  # fmt: skip
    report = Report(
        number="2026-000417",
        language="es",
        at=AT,
        lot=LotFacts(
            packer="Asociación de Productores Valle del Chira",
            origin="Perú, Piura, Sullana",
            product="banana",
            packages=120,
            variety="Cavendish",
            grade="I",
            size="≥ 20 cm",
            net_kg=2177.5,
            gtin="07501234567893",
            code="L-0417",
            gs1_lot="CHIRA-4711",
            sscc="075012345678901231",
        ),
        plan=Plan(tuple(each.label for each in packages), 100, "7f3a"),
        packages=packages,
        judgements=(
            Judgement(
                "UNECE FFV-... bananos, categoría I", "edición 2024, versión 1", False, True,
                (
                    Limit("defectos en total", 3, 100, True, share=0.1),
                    Limit("podredumbre", 1, 100, True, share=0.02),
                    Limit("en el peor bulto", 2, 20, True, share=0.15),
                ),
            ),
            Judgement("ISO 2859-1, nivel II, AQL 2,5", "1999", True, True, (Limit("defectos en total", 3, 100, True, accept=5),)),
        ),
        decision="accepted",
        reason="Dentro de los límites de la categoría I.",
        people=People(("Ana Ñáñez",), ("Luis Ibáñez", "Inés Q."), "María del Carmen Güemes", AT),
        inspected=(AT - timedelta(hours=2), AT - timedelta(minutes=40)),
        models=(ModelName("vistobueno-lite0", "3.0.0", "ab" * 32, "cd" * 32),),
        lines=(LineFacts("Empaque 2", True),),
        evidence=json.dumps({"lot": "CHIRA-4711", "packages": [each.label for each in packages]}).encode(),
        verification="https://station.example/v/7f3kq9wz2m",
        estimate=Estimate(0.031, 0.008, 0.084),
        photographs=tuple(Photograph(jpeg(at % 2), 900 + at, "58", ("crown_rot",)) for at in range(3)),
        zone="America/Lima",
        seal_key="0123456789abcdef" * 4,
    )  # fmt: skip
    return replace(report, **changes)
