"""The model card, in Spanish and English, written from the bundle's own facts and figures and from nothing else."""

from collections.abc import Mapping
from typing import Any

from ..core.classes import ClassInfo
from ..core.policy import Policy
from ..i18n import say
from .figures import FIGURES, cell

_SHARES = ("condition_accuracy", "escape_rate", "overkill_rate", "review_share", "ood_reviewed")


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
    if "commissioned" in metrics:
        lines += [text("figures_commissioned"), *_commissioned(metrics["commissioned"], text)]
    if "corruptions" in metrics:
        lines += [text("figures_corruptions"), *_corruptions(metrics["corruptions"], text)]
    lines += [f"## {text('limits_title')}", text("limits")]
    if one := _of_one_condition(metrics["known_cameras"]):
        lines.append(text("limits_places", sources=", ".join(f"`{source}`" for source in one)))
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


def _commissioned(figures: Mapping[str, Mapping[str, Any]], text: Any) -> list[str]:
    """Of each source, judged after commissioning on k photographs of each class: figures by k."""
    head = f"| {text('set')} | k | n | " + " | ".join(text(name) for name in _SHARES) + " |"
    rows = [
        f"| {source} | {k} | {values['review_share']['n']} | " + " | ".join(cell(values[key]) for key in _SHARES) + " |"
        for source, by_k in figures.items()
        for k, values in by_k.items()
    ]
    return ["\n".join([head, "| --- | --- | --- |" + " --- |" * len(_SHARES), *rows])]


def _corruptions(figures: Mapping[str, list[Mapping[str, Any]]], text: Any) -> list[str]:
    """One table for each figure: a corruption a row, a strength a column; the first row without any."""
    tables = []
    for name in ("escape_rate", "review_share"):
        strengths = max(len(parts) for parts in figures.values())
        head = f"| {text(name)} | " + " | ".join(str(each) for each in range(1, strengths + 1)) + " |"
        rows = [
            f"| {text(f'corruption_{kind}')} | "
            + " | ".join([*(cell(each[name]) for each in parts), *["·"] * (strengths - len(parts))])
            + " |"
            for kind, parts in figures.items()
        ]
        tables.append("\n".join([head, "| --- |" + " --- |" * strengths, *rows]))
    return tables


def _of_one_condition(figures: Mapping[str, Any]) -> list[str]:
    """The sources all of whose fruit is fit, or unfit: a model can take such a place for the condition."""
    counts = {name: (each["escape_rate"]["n"], each["overkill_rate"]["n"]) for name, each in figures["sources"].items()}
    return [name for name, (unfit, fit) in counts.items() if bool(unfit) != bool(fit)]
