"""Opening a lot from the photograph of a label: its numbers fill the form, and what cannot be read is said."""

from collections.abc import Iterator

import numpy as np
import pytest
import zxingcpp
from driving import PHONE, SOFIA, Running, context_for, jpeg_of, running, settled, sign_in, upload
from PIL import Image
from playwright.sync_api import Browser, expect


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("label"), (SOFIA,)) as started:
        yield started


def label(code: str) -> bytes:
    """A photograph of a label, from near."""
    bars = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=12)
    paper = Image.new("RGB", (1200, 900), "white")
    paper.paste(Image.fromarray(np.array(bars)).convert("RGB"), (400, 300))
    return jpeg_of(paper)


def test_a_label_fills_the_form_on_the_phone(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    page.goto(f"{station.url}/lots")
    settled(page)
    photo = page.get_by_label("Foto de la etiqueta")
    said = page.locator("[data-label-said]")
    photo.set_input_files(upload("blank.jpg", jpeg_of(Image.new("RGB", (600, 400), "white"))))
    expect(said).to_contain_text("ningún código")
    photo.set_input_files(upload("label.jpg", label("(01)04006381333931(3102)217750(37)120(10)CHIRA-4711")))
    expect(said).to_contain_text("CHIRA-4711")
    for name, value in (
        ("Código del lote", "CHIRA-4711"),
        ("GTIN", "04006381333931"),
        ("Peso neto (kg)", "2177.5"),
        ("Bultos del lote", "120"),
    ):
        expect(page.get_by_label(name)).to_have_value(value)
    page.context.set_offline(True)
    photo.set_input_files(upload("label.jpg", label("(01)04006381333931")))
    expect(said).to_contain_text("no responde")
    page.context.close()
