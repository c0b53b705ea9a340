"""The model card, in Spanish and English, written from the bundle's own facts and figures and from nothing else."""

from collections.abc import Mapping
from typing import Any

from ..core.classes import ClassInfo
from ..core.policy import Policy
from ..i18n import say
from .figures import FIGURES, cell


def cards(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """``card.es.md`` and ``card.en.md`` from the arguments that `write_bundle` takes."""
    return {f"card.{language}.md": _card(facts, language).encode() for language in ("es", "en")}


def _card(facts: Mapping[str, Any], language: str) -> str:
    policy: Policy = facts["policy"]
    classes: tuple[ClassInfo, ...] = facts["classes"]
    training, metrics = facts["training"], facts["metrics"]

    def text(key: str, **values: object) -> str:
        return say(language, f"card_{key}", **values)

    names = ", ".join(f"{each.names.get(language, each.key)} (`{each.key}`)" for each in classes)
    lines = [
        f"# {text('title', name=facts['name'], version=facts['version'])}",
        text("what", classes=names, side=facts["input"].width, backbone=training["backbone"]),
        f"## {text('data_title')}",
        text("data", photographs=training["photographs"], sources=", ".join(training["sources"]), data=training["data"]),
        text("licence"),
        f"```sh\n{facts['origin']['command']}\n```",
        f"## {text('policy_title')}",
        text("policy", low=f"{policy.fit_below:.4f}", high=f"{policy.unfit_above:.4f}", alpha=f"{policy.alpha * 100:g} %",
             beta=f"{policy.beta * 100:g} %", temperature=f"{policy.temperature:.2f}"),
        f"## {text('figures_title')}",
        text("figures_known"),
        *_tables(metrics["known_cameras"], text),
    ]  # fmt: skip
    if "unknown_cameras" in metrics:
        lines += [text("figures_unknown"), *_tables(metrics["unknown_cameras"], text)]
    lines += [f"## {text('limits_title')}", text("limits")]
    return "\n\n".join(lines) + "\n"


def _tables(figures: Mapping[str, Any], text: Any) -> list[str]:
    head = f"| {text('set')} | n | " + " | ".join(text(name) for name in FIGURES) + " |"
    rule = "| --- | --- |" + " --- |" * len(FIGURES)
    tables = []
    for kind in ("sources", "classes"):
        rows = [
            f"| {name} | {values['review_share']['n']} | " + " | ".join(cell(values[key]) for key in FIGURES) + " |"
            for name, values in figures[kind].items()
            if values["review_share"]["n"]
        ]
        tables.append("\n".join([head, rule, *rows]))
    beyond = [
        f"| {source} | {values['ood_reviewed']['n']} | {cell(values['ood_reviewed'])} "
        f"| {cell(figures['ood_auc'][source], percent=False)} |"
        for source, values in figures["sources"].items()
        if values["ood_reviewed"]["n"]
    ]
    if beyond:
        tables.append(
            "\n".join([f"| {text('ood')} | n | {text('reviewed')} | AUC |", "| --- | --- | --- | --- |", *beyond])
        )
    return tables
