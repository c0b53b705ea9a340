"""Labels: GS1's numbers taken apart from what barcodes hold, and read from photographs."""

import contextlib
import io

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vistobueno.core.lots.gs1 import LabelRefused, check_digit_agrees, elements, label_facts
from vistobueno.services.labels import read_label

GTIN, SSCC = "04006381333931", "340123450000000000"  # of GS1's own examples
FNC1 = "\x1d"


def photograph(code: str, kind: zxingcpp.BarcodeFormat, turn: float = 0.0) -> bytes:
    """A label with a barcode, photographed from near."""
    bars = Image.fromarray(np.array(zxingcpp.create_barcode(code, kind).to_image(scale=4))).convert("RGB")
    paper = Image.new("RGB", (bars.width + 500, bars.height + 700), (203, 180, 140))
    paper.paste(Image.new("RGB", (bars.width + 120, bars.height + 120), "white"), (190, 290))
    paper.paste(bars, (250, 350))
    out = io.BytesIO()
    paper.rotate(turn, expand=True, fillcolor=(120, 110, 100)).save(out, "JPEG", quality=80)
    return out.getvalue()


def test_codes_are_taken_apart_however_they_are_written() -> None:
    pairs = [("01", GTIN), ("3102", "001750"), ("10", "A-7")]
    written = (
        f"01{GTIN}310200175010A-7",
        f"]C1{FNC1}01{GTIN}310200175010A-7{FNC1}",
        f"(01){GTIN}(3102)001750(10)A-7",
        f"01{GTIN}3102001750{FNC1}10A-7",
    )
    for each in written:
        assert elements(each) == pairs, each
    address = f"https://id.gs1.org/01/{GTIN}/10/A-7?3102=001750&linkType=all"
    assert dict(elements(address)) == dict(pairs)
    assert elements(GTIN[1:]) == [("01", GTIN[1:])]
    assert elements(f"10A{FNC1}21XYZ") == [("10", "A"), ("21", "XYZ")]
    for broken, kept in ((f"01{GTIN[:-4]}", []), (f"01{GTIN}ZZ", [("01", GTIN)]), ("", []), ("hello", []), ("10", [])):
        assert elements(broken) == kept, broken


def test_a_label_says_what_a_lot_needs() -> None:
    sscc = next(SSCC[:-1] + each for each in "0123456789" if check_digit_agrees(SSCC[:-1] + each))
    found = label_facts((f"00{sscc}", f"02{GTIN}37120{FNC1}3102217750", "10CHIRA-4711"))
    assert (found.sscc, found.gtin, found.packages, found.net_kg) == (sscc, GTIN, 120, 2177.5)
    assert found.gs1_lot == "CHIRA-4711"
    wrong = str(int(GTIN) + 1).zfill(14)
    assert label_facts((f"01{wrong}10A",)).gtin is None
    for nothing in (("hello",), (f"01{wrong}",), ("https://example.org/menu",), ("https://[",), ("(01)",)):
        with pytest.raises(LabelRefused, match="label_unknown"):
            label_facts(nothing)


@given(st.lists(st.text(max_size=60), max_size=3))
def test_whatever_a_code_holds_is_told_or_refused(codes: list[str]) -> None:
    with contextlib.suppress(LabelRefused):
        found = label_facts(tuple(codes))
        assert found.gs1_lot or any(check_digit_agrees(each) for each in (found.gtin, found.sscc) if each)


def test_a_photograph_of_a_label_is_read_straight_or_turned() -> None:
    for kind, code in (
        (zxingcpp.BarcodeFormat.Code128, f"(01){GTIN}(10)A-7"),
        (zxingcpp.BarcodeFormat.DataMatrix, f"(01){GTIN}(10)A-7"),
        (zxingcpp.BarcodeFormat.QRCode, f"https://id.gs1.org/01/{GTIN}/10/A-7"),
    ):
        for turn in (0, 6, 90, 180):
            found = read_label(photograph(code, kind, turn))
            assert (found.gtin, found.gs1_lot) == (GTIN, "A-7"), (kind, turn)
    blank = io.BytesIO()
    Image.new("RGB", (600, 400), "white").save(blank, "JPEG")
    with pytest.raises(LabelRefused, match="label_unreadable"):
        read_label(blank.getvalue())
    with pytest.raises(LabelRefused, match="label_unknown"):
        read_label(photograph("hello", zxingcpp.BarcodeFormat.QRCode))
