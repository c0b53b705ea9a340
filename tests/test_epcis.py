"""A lot's decisions as an EPCIS 2.0 document: what GS1's schema asks of an ObjectEvent, and names that others understand."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest

from kept import ANA
from opened import open_station, station
from test_station_lots import FACTS, opened
from vistobueno.core.lots.epcis import CONTEXT, OURS, epcis_document
from vistobueno.core.lots.errors import LotRefused
from vistobueno.core.lots.lot import Lot, LotFacts, LotVerdict, SamplePlan
from vistobueno.services import NotFound, Station

__all__ = ["open_station", "station"]

HERE = "https://station.example"
NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
_URI = {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:[^ ]+$"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["@context", "type", "schemaVersion", "creationDate", "epcisBody"],
    "additionalProperties": False,
    "properties": {
        "@context": {"type": "array", "contains": {"const": CONTEXT}},
        "type": {"const": "EPCISDocument"},
        "schemaVersion": {"const": "2.0"},
        "creationDate": {"$ref": "#/$defs/time"},
        "epcisBody": {
            "type": "object",
            "required": ["eventList"],
            "properties": {"eventList": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/event"}}},
        },
    },
    "$defs": {
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
        "event": {
            "type": "object",
            "required": ["type", "eventTime", "eventTimeZoneOffset", "action"],
            "anyOf": [{"required": ["epcList"]}, {"required": ["quantityList"]}],
            "properties": {
                "type": {"const": "ObjectEvent"},
                "eventTime": {"$ref": "#/$defs/time"},
                "eventTimeZoneOffset": {"type": "string", "pattern": r"^[+-](0\d|1[0-3]):[0-5]\d$|^[+-]14:00$"},
                "eventID": _URI,
                "action": {"enum": ["OBSERVE", "ADD", "DELETE"]},
                "bizStep": {"const": "inspecting"},
                "disposition": {"enum": ["conformant", "non_conformant"]},
                "epcList": {"type": "array", "uniqueItems": True, "items": _URI},
                "quantityList": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["epcClass", "quantity"],
                        "additionalProperties": False,
                        "properties": {
                            "epcClass": _URI,
                            "quantity": {"type": "number"},
                            "uom": {"type": "string", "pattern": "^[A-Z0-9]{2,3}$"},
                        },
                    },
                },
                "bizTransactionList": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["bizTransaction"],
                        "additionalProperties": False,
                        "properties": {"type": {"const": "testres"}, "bizTransaction": _URI},
                    },
                },
            },
            "patternProperties": {"^vistobueno:[a-z]+$": {}},
            "additionalProperties": False,
        },
    },
}
"""Of a document with events that observe, after EPCIS-JSON-Schema of GS1 (gs1/EPCIS): fields of others have a prefix."""


def document(facts: LotFacts, *decisions: str, demo: bool = False) -> dict[str, Any]:
    lot = Lot(7, facts, SamplePlan("s", 1, 1), ("d",), NOW, ANA, demo)
    verdicts = [
        LotVerdict(place, 7, NOW + timedelta(hours=place), ANA, each, "I", "", {})  # type: ignore[arg-type]
        for place, each in enumerate(decisions, 1)
    ]
    found = epcis_document(lot, verdicts, "0123abcd", HERE)
    jsonschema.validate(found, SCHEMA)
    return found


def events(facts: LotFacts, *decisions: str, demo: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(facts, *decisions, demo=demo)["epcisBody"]["eventList"]
    return found


def test_a_decision_is_an_event_that_says_whether_the_lot_conforms() -> None:
    for decision, said in (("accepted", "conformant"), ("lower_class", "conformant"), ("refused", "non_conformant")):
        (event,) = events(FACTS, decision)
        assert (event["disposition"], event["vistobueno:decision"]) == (said, decision)
        assert event["eventTime"] == "2026-11-29T13:30:00.000+00:00"


def test_a_lot_is_called_by_its_numbers_of_gs1_where_it_has_them() -> None:
    plain, *_ = events(FACTS, "accepted")
    assert plain["quantityList"] == [{"epcClass": f"{HERE}/lots?lot=7", "quantity": 726.0, "uom": "KGM"}]
    assert "epcList" not in plain
    own = replace(FACTS, gtin="9521234000013", gs1_lot="A/7 b", sscc="095212340000000017", net_kg=None)
    named, *_ = events(own, "accepted")
    assert named["quantityList"] == [{"epcClass": "https://id.gs1.org/01/09521234000013/10/A%2F7%20b", "quantity": 40}]
    assert named["epcList"] == ["https://id.gs1.org/00/095212340000000017"]
    (half,) = events(replace(own, gs1_lot=None), "accepted")
    assert half["quantityList"][0]["epcClass"] == f"{HERE}/lots?lot=7", "a product alone is no lot"


def test_each_decision_is_its_own_event_and_keeps_its_number() -> None:
    first, second = events(FACTS, "accepted", "refused")
    assert first["eventID"] != second["eventID"]
    assert [each["eventID"] for each in events(FACTS, "accepted", "refused")] == [first["eventID"], second["eventID"]]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", first["eventID"])


def test_a_demonstration_says_so() -> None:
    assert events(FACTS, "accepted", demo=True)[0]["vistobueno:demonstration"] is True
    assert "vistobueno:demonstration" not in events(FACTS, "accepted")[0]
    assert document(FACTS, "accepted")["@context"][1] == {"vistobueno": OURS}


def test_a_station_publishes_what_was_decided_and_nothing_else(station: Station) -> None:
    lot = opened(station)
    with pytest.raises(LotRefused, match="lot_undecided"):
        station.lots.epcis(lot.number, HERE)
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    told = station.lots.epcis(lot.number, HERE)
    jsonschema.validate(told, SCHEMA)
    assert told == station.lots.epcis(lot.number, HERE)
    station.lots.decide(lot.number, "accepted", ANA, reason="otra muestra")
    again = station.lots.epcis(lot.number, HERE)["epcisBody"]["eventList"]
    assert len(again) == 2 and again[0] == told["epcisBody"]["eventList"][0]
    with pytest.raises(NotFound):
        station.lots.epcis(9, HERE)
