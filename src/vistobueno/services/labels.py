"""The label of a box or a pallet, read from a photograph; nothing of it is kept."""

from ..core.lots.gs1 import LabelFacts, LabelRefused, label_facts
from ..core.photo import Limits, open_photo

_LIMITS = Limits(cover=1500)  # a bar of a GS1-128 across a palm-sized label is then some two pixels wide
_MOST = 20  # barcodes of one photograph


def read_label(data: bytes) -> LabelFacts:
    """What the barcodes in a photograph say of a lot.

    Raises:
        PhotoRefused: it is no photograph. LabelRefused: ``label_unreadable``: no barcode is seen; ``label_unknown``.
    """
    import zxingcpp

    picture = open_photo(data, _LIMITS).picture.convert("L")
    codes = zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)
    texts = tuple(dict.fromkeys(each.text for each in codes[:_MOST] if each.text))
    if not texts:
        raise LabelRefused(
            "label_unreadable",
            es="En la foto no se ve ningún código legible. Acérquese, sin reflejos y con el código entero, y tómela otra vez.",
            en="No readable code was found in the photo. Move closer, avoid glare, get the whole code in, and take it again.",
        )
    return label_facts(texts)
