"""A lot's decisions as EPCIS 2.0 has them: an ObjectEvent each, in a document of JSON-LD that a repository can capture.

Fields and vocabulary by GS1's EPCIS and CBV 2.0. Identifiers are GS1 Digital Links: an EPC URN (``urn:epc:class:lgtin``)
says where the company prefix ends, which no lot of ours knows.
"""

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from .lot import Lot, LotFacts, LotVerdict

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
OURS = "urn:vistobueno:epcis:"
"""Of the fields that are none of GS1's."""
_LINK = "https://id.gs1.org"
_DISPOSITIONS = {"accepted": "conformant", "lower_class": "conformant", "refused": "non_conformant"}


def epcis_document(lot: Lot, verdicts: Sequence[LotVerdict], station: str, address: str) -> dict[str, Any]:
    """The decisions of a lot, the first first, as an EPCIS document.

    Args:
        verdicts: one at least.
        station: what only this station is called: an event has the same number whoever asks, and as often as they do.
        address: of the station; the lot is called by one below it where it has no numbers of GS1's.
    """
    return {
        "@context": [CONTEXT, {"vistobueno": OURS}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": verdicts[-1].at.isoformat(timespec="milliseconds"),
        "epcisBody": {"eventList": [_event(lot, each, station, address) for each in verdicts]},
    }


def _event(lot: Lot, verdict: LotVerdict, station: str, address: str) -> dict[str, Any]:
    facts, own = lot.facts, f"{address}/lots?lot={lot.number}"
    named = uuid.uuid5(uuid.NAMESPACE_URL, f"{OURS}{station}:{verdict.id}")
    return {
        "type": "ObjectEvent",
        "eventID": named.urn,
        "eventTime": verdict.at.isoformat(timespec="milliseconds"),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": _DISPOSITIONS[verdict.decision],
        **({"epcList": [f"{_LINK}/00/{facts.sscc}"]} if facts.sscc else {}),
        "quantityList": [_quantity(facts, own)],
        "bizTransactionList": [{"type": "testres", "bizTransaction": own}],
        "vistobueno:decision": verdict.decision,
        **({"vistobueno:grade": verdict.grade} if verdict.grade else {}),
        "vistobueno:lot": facts.code,
        "vistobueno:packer": facts.packer,
        **({"vistobueno:demonstration": True} if lot.demo else {}),
    }


def _quantity(facts: LotFacts, own: str) -> dict[str, Any]:
    """The lot, and how much of it there is: its net weight where somebody said it, else its packages."""
    named = f"{_LINK}/01/{facts.gtin:0>14}/10/{quote(facts.gs1_lot, safe='')}" if facts.gtin and facts.gs1_lot else own
    if facts.net_kg is not None:
        return {"epcClass": named, "quantity": facts.net_kg, "uom": "KGM"}
    return {"epcClass": named, "quantity": facts.packages}
