"""GS1's numbers on a label: what a barcode says, taken apart by application identifiers (AI), and what of it a lot needs.

By the GS1 General Specifications, release 25: identifiers and their lengths, section 3 and figure 7.8.5-2; check digits,
7.9; by GS1 Digital Link 1.4 where the code holds an address.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from .errors import LotRefused

_FNC1 = "\x1d"  # ends a value whose length is not fixed
_SYMBOLOGY = re.compile(r"^\][A-Za-z]\d")  # what readers may put before: ]C1, ]d2, ]Q3, ]e0
_FIXED = {
    **dict.fromkeys(("00",), 18), **dict.fromkeys(("01", "02", "03"), 14), "04": 16, "20": 2, "41": 13,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 6),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 6),
}  # fmt: skip
_LONG = {**dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
         **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82"), 4)}  # fmt: skip
_BRACKETED = re.compile(r"\((\d{2,4})\)([^(]*)")
_LONGEST = 500  # characters of any code that we take apart


class LabelRefused(LotRefused):
    """A label of which nothing can be told."""


@dataclass(frozen=True)
class LabelFacts:
    """What a label says of a lot; None and empty where it says nothing.

    Attributes:
        gtin: of the trade item, AI (01), or (02) of what a logistic unit contains.
        gs1_lot: (10); sscc: (00).
        packages: how many trade items a logistic unit contains, (37).
        net_kg: net weight, (310n).
        text: what the codes hold, as read.
    """

    gtin: str | None = None
    gs1_lot: str | None = None
    sscc: str | None = None
    packages: int | None = None
    net_kg: float | None = None
    text: tuple[str, ...] = ()


def label_facts(codes: tuple[str, ...]) -> LabelFacts:
    """What the barcodes of a label say together; the first that names a fact counts.

    Raises:
        LabelRefused: ``label_unknown``: none of them holds a GS1 number whose check digit agrees.
    """
    found: dict[str, str] = {}
    for code in codes:
        for identifier, value in elements(code):
            found.setdefault(identifier, value)
    gtin = next((found[each] for each in ("01", "02") if each in found and check_digit_agrees(found[each])), None)
    sscc = found.get("00")
    weight = next((each for each in found if re.fullmatch(r"310[0-5]", each) and found[each].isdecimal()), None)
    count = found.get("37", "")
    facts = LabelFacts(
        gtin,
        found.get("10"),
        sscc if sscc is not None and check_digit_agrees(sscc) else None,
        int(count) if count.isdecimal() and int(count) > 0 else None,
        int(found[weight]) / 10 ** int(weight[3]) if weight and int(found[weight]) else None,
        codes,
    )
    if (facts.gtin, facts.gs1_lot, facts.sscc) == (None, None, None):
        raise LabelRefused(
            "label_unknown",
            es="El código de la etiqueta no lleva números GS1 (GTIN, lote o SSCC). Escriba los datos del lote.",
            en="The code on the label holds no GS1 numbers (GTIN, lot or SSCC). Type the lot's details.",
        )
    return facts


def elements(code: str) -> list[tuple[str, str]]:
    """A code's pairs of identifier and value: with FNC1, with brackets, as an address, or a GTIN alone.

    What cannot be taken apart gives the pairs before it.
    """
    text = _SYMBOLOGY.sub("", code.strip()[:_LONGEST]).lstrip(_FNC1)
    if text.lower().startswith(("http://", "https://")):
        return _of_address(text)
    if text.startswith("("):
        return [(identifier, value.strip()) for identifier, value in _BRACKETED.findall(text) if value.strip()]
    if text.isascii() and text.isdecimal() and len(text) in (8, 12, 13, 14) and check_digit_agrees(text):
        return [("01", text)]
    return _of_string(text)


def check_digit_agrees(digits: str) -> bool:
    """Whether the last digit of a GS1 number is the check digit of the others (General Specifications, 7.9)."""
    if not (digits.isascii() and digits.isdecimal() and len(digits) > 1):
        return False
    return check_digit(digits[:-1]) == int(digits[-1])


def check_digit(digits: str) -> int:
    """The digit that closes a GS1 number of these digits."""
    return -sum(int(each) * (3 if place % 2 == 0 else 1) for place, each in enumerate(reversed(digits))) % 10


def _of_string(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while text:
        start = text[:2]
        length = _LONG.get(start, 2)
        identifier, rest = text[:length], text[length:]
        if not (identifier.isascii() and identifier.isdecimal() and len(identifier) == length and rest):
            break
        fixed = _FIXED.get(start)
        value = rest[:fixed] if fixed is not None else rest.partition(_FNC1)[0]
        if not value or (fixed is not None and (len(value) < fixed or not value.isdecimal())):
            break
        found.append((identifier, value))
        text = rest[len(value) :].removeprefix(_FNC1)
    return found


def _of_address(text: str) -> list[tuple[str, str]]:
    try:
        parts = urlsplit(text)
    except ValueError:
        return []
    steps = [unquote(each) for each in parts.path.split("/") if each]
    known = ("00", "01")  # primary keys that a lot needs
    start = next((place for place, each in enumerate(steps) if each in known), len(steps))
    pairs = list(zip(steps[start::2], steps[start + 1 :: 2], strict=False))
    pairs += parse_qsl(parts.query)
    return [(key, value) for key, value in pairs if re.fullmatch(r"\d{2,4}", key)]
