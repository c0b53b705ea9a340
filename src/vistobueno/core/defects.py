"""The defects that people name of an unfit fruit: a short list for each product. Their words are the texts ``defect_KEY``."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from .errors import VistoBuenoError

Defect = Literal[
    "decay", "mould", "bruise", "wound", "cracking", "insect", "shrivelling", "cold_damage", "sunburn", "overripe",
    "crown_rot", "scarring", "latex", "scab", "bitter_pit", "scald", "russeting", "oleocellosis", "puffiness",
    "green_skin", "foreign_matter",
]  # fmt: skip
ALL: tuple[Defect, ...] = get_args(Defect)
Severity = Literal["slight", "moderate", "serious"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_COMMON: tuple[Defect, ...] = (
    "decay", "mould", "bruise", "wound", "cracking", "insect", "shrivelling", "cold_damage", "overripe",
    "foreign_matter",
)  # fmt: skip
_OF: Mapping[str, tuple[Defect, ...]] = {
    "apple": ("decay", "bruise", "scab", "bitter_pit", "scald", "insect", "shrivelling", "russeting"),
    "banana": ("decay", "crown_rot", "bruise", "scarring", "cold_damage", "overripe", "cracking", "latex"),
    "orange": ("decay", "mould", "oleocellosis", "cold_damage", "insect", "wound", "puffiness", "green_skin"),
}


class DefectRefused(VistoBuenoError):
    """Defects were named of a fruit that is not said to be unfit, none was left to be named, or a severity has no defect."""


def defects_of(product: str | None) -> tuple[Defect, ...]:
    """What a person is offered to name until a supervisor chooses, the most usual first; of a product that has no list,
    what any fruit may have.
    """
    return _OF.get(product or "", _COMMON)


def chosen(product: str | None, defects: Sequence[str]) -> tuple[Defect, ...]:
    """The list that a supervisor chose for a product: each once, the usual ones of the product first.

    Raises:
        DefectRefused: ``defects_none``.
    """
    usual = (*defects_of(product), *ALL)
    found = tuple(dict.fromkeys(each for each in usual if each in defects))
    if not found:
        raise DefectRefused(
            "defects_none",
            es="La lista quedaría vacía. Marque al menos un defecto.",
            en="The list would be empty. Tick at least one defect.",
        )
    return found


def named(answer: str, defects: Sequence[Defect]) -> tuple[Defect, ...]:
    """The defects that an answer names, each once, in the order of `ALL`.

    Raises:
        DefectRefused: ``defect_of_unfit``.
    """
    if defects and answer != "unfit":
        raise DefectRefused(
            "defect_of_unfit",
            es="Solo se nombran defectos de una fruta no apta. Quite los defectos, o responda «no apto».",
            en="Only an unfit fruit has defects. Leave them out, or answer “unfit”.",
        )
    return tuple(each for each in ALL if each in defects)


def graded(defects: Sequence[Defect], severities: Mapping[Defect, Severity]) -> dict[Defect, Severity]:
    """How bad each defect is, in the order of `ALL`; of those that are left out nobody said.

    Raises:
        DefectRefused: ``severity_of_defect``.
    """
    if set(severities) - set(defects):
        raise DefectRefused(
            "severity_of_defect",
            es="Hay una gravedad de un defecto que no se nombró. Nómbrelo, o quite su gravedad.",
            en="A severity was given for a defect that is not named. Name the defect, or leave its severity out.",
        )
    return {each: severities[each] for each in ALL if each in severities}
