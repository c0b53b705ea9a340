"""The report of an evaluation: one HTML file with tables, curves and the photographs that the model got most wrong.

It carries photographs, small, without any of their metadata: it is for those who may see the data.
"""

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..core.heat_map import overlay
from ..core.photo import open_photo
from ..core.verdict import FORCED_AT
from ..i18n import certainty, counted, say
from .charts import curve, matrix
from .evaluate import Evaluation, figures
from .figures import FIGURES, cell, confusion, reliability, risk_coverage, roc_curve

_WORST = 24
_THUMBNAIL = 200
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#111}
h1{margin-bottom:0}h2{margin-top:2.5rem}.note{color:#555}.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem}th,td{padding:.35rem .6rem;border-bottom:1px solid #e3e5e8;text-align:right}
th:first-child,td:first-child{text-align:left}.matrix td{text-align:center;min-width:3.2rem}
.charts{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}figcaption{font-weight:600}svg text{font:11px system-ui;fill:#444}
.photos{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:1rem}.photos img{width:100%;border-radius:4px}
.photos figcaption{font-size:.8rem;font-weight:400;overflow-wrap:anywhere}
"""


def write_report(evaluation: Evaluation, path: Path, language: str = "es") -> None:
    """Write the report of an evaluation as one self-contained HTML file, whole or not at all.

    Args:
        language: ``es`` or ``en``.
    """

    def text(key: str, **values: object) -> str:
        return escape(say(language, f"report_{key}", **values))

    bundle = evaluation.bundle
    title = text("title", name=bundle.name, version=bundle.version)
    photographs = counted(language, "photographs", len(evaluation.photos))
    parts = [
        f"<h1>{title}</h1><p class=note>{escape(bundle.digest)}</p>",
        f"<p>{text('counts', photographs=photographs, held_out=evaluation.held_out)}</p>",
    ]
    for key, count in (
        ("passed_over", len(evaluation.passed_over)),
        ("unreadable", len(evaluation.refused)),
        ("left_out", evaluation.left_out),
    ):
        if count:
            parts.append(f"<p>{escape(say(language, key, count=count))}</p>")
    values = figures(evaluation)
    parts += _tables(values, language)
    keys = values["confusion"]["classes"]
    counts = matrix(keys, confusion(evaluation.judged, keys), text("truth"), text("answer"))
    parts.append(f"<h2>{text('confusion')}</h2><div class=wide>{counts}</div>")
    parts.append(_charts(evaluation, text))
    parts.append(_worst(evaluation, text, language))
    if evaluation.refused:
        rows = "".join(
            f"<li>{escape(name)}: {escape(error.message(language))}</li>" for name, error in evaluation.refused.items()
        )
        parts.append(f"<h2>{text('refused')}</h2><ul>{rows}</ul>")
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(page, encoding="utf-8")
    beside.replace(path)


def _tables(values: Mapping[str, Any], language: str) -> list[str]:
    parts = []
    columns = "".join(f"<th>{escape(say(language, f'card_{name}'))}</th>" for name in FIGURES)
    for kind in ("sources", "classes"):
        rows = {**values[kind]} if kind == "classes" else {**values[kind], say(language, "report_all"): values["all"]}
        body = "".join(
            f"<tr><th scope=row>{escape(name)}</th><td>{row['review_share']['n']}</td>"
            + "".join(f"<td>{cell(row[figure])}</td>" for figure in FIGURES)
            + "</tr>"
            for name, row in rows.items()
            if row["review_share"]["n"]
        )
        title = escape(say(language, f"report_{kind}"))
        parts.append(
            f"<h2>{title}</h2><div class=wide><table><tr><th></th><th>n</th>{columns}</tr>{body}</table></div>"
        )
    others = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{row['ood_reviewed']['n']}</td>"
        f"<td>{cell(row['ood_reviewed'])}</td><td>{cell(values['ood_auc'][name], percent=False)}</td></tr>"
        for name, row in values["sources"].items()
        if row["ood_reviewed"]["n"]
    )
    if others:
        head = f"<tr><th></th><th>n</th><th>{escape(say(language, 'card_reviewed'))}</th><th>AUC</th></tr>"
        title = escape(say(language, "card_ood"))
        parts.append(f"<h2>{title}</h2><table>{head}{others}</table>")
    return parts


def _charts(evaluation: Evaluation, text: Any) -> str:
    own = evaluation.judged.where(evaluation.judged.in_scope)
    if not own.unfit.any() or own.unfit.all():
        return f"<p class=note>{text('one_condition')}</p>"
    roc = list(zip(*roc_curve(own.p_unfit, own.unfit), strict=True))
    bins = [(mean, share) for mean, share, _ in reliability(own.p_unfit, own.unfit)]
    risk = list(zip(*risk_coverage(own.p_unfit, own.unfit), strict=True))
    highest = max(0.05, float(max(error for coverage, error in risk if coverage > 0.05)))
    drawn = {
        "roc": curve(roc, text("false_positive"), text("true_positive"), diagonal=True),
        "reliability": curve(bins, text("predicted"), text("observed"), diagonal=True, dots=True),
        "risk": curve(risk, text("coverage"), text("error"), top=highest),
    }
    shown = "".join(f"<figure><figcaption>{text(name)}</figcaption>{svg}</figure>" for name, svg in drawn.items())
    return f"<h2>{text('curves')}</h2><div class=charts>{shown}</div>"


def _worst(evaluation: Evaluation, text: Any, language: str) -> str:
    """The photographs that were answered most confidently and wrongly; where known, with where the model looked."""
    judged = evaluation.judged
    wrong = judged.in_scope & ((judged.p_unfit >= FORCED_AT) != judged.unfit)
    order = np.argsort(-np.abs(judged.p_unfit - FORCED_AT), kind="stable")
    shown = [int(index) for index in order if wrong[index]][:_WORST]
    if not shown:
        return f"<h2>{text('worst')}</h2><p>{text('none_wrong')}</p>"
    figures_of = []
    for index in shown:
        photo, verdict = evaluation.photos[index], evaluation.verdicts[index]
        pixels = open_photo(photo.path.read_bytes()).pixels
        image = Image.fromarray(pixels) if verdict.activation is None else overlay(pixels, verdict.activation)
        caption = text(
            "caption",
            label=photo.label,
            p=certainty(verdict.probability_unfit, language),
            answer=verdict.answer,
            source=photo.source,
        )
        figures_of.append(
            f'<figure><img alt="" src="{_data_url(image)}"><figcaption>{escape(photo.path.name)}<br>{caption}</figcaption></figure>'
        )
    return (
        f"<h2>{text('worst')}</h2><p class=note>{text('worst_note')}</p><div class=photos>{''.join(figures_of)}</div>"
    )


def _data_url(image: Image.Image) -> str:
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
