"""Lots over HTTP, as a machine and a supervisor meet them."""

from collections.abc import Iterator

import pytest
from zxingcpp import BarcodeFormat

from people_at import signed_in
from serving import Served, serving
from test_api import API, JPEG, csrf_of, picture, problem
from test_labels import photograph
from vistobueno.model.bundle import Bundle

FACTS = {"code": "L-7", "packer": "El Oro", "origin": "Ecuador", "product": "banana", "grade": "I", "packages": 12}
OPENING = FACTS | {"standards": ["codex-cxs-205"], "opened": 2, "fruit": 2}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("lots"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


def test_a_key_opens_a_lot_and_sends_its_fruit_and_a_supervisor_decides(served: Served) -> None:
    with served.client() as client:
        key = {"Idempotency-Key": "lot 7"}
        lot, again = (client.post(f"{API}/lots", json=OPENING, headers=key) for _ in range(2))
        assert (lot.status_code, again.status_code) == (201, 200) and lot.json() == again.json()
        number = lot.json()["number"]
        here = f"{API}/lots/{number}"
        package, _ = client.get(here).json()["packages"]
        at = {"lot": number, "package": package, "fruit": 1}
        sent = client.post(f"{API}/inspections", params=at, content=picture(3), headers=JPEG).json()
        assert {name: sent[name] for name in at} == at
        found = client.get(f"{API}/inspections", params={"lot": number}).json()["items"]
        assert [each["number"] for each in found] == [sent["number"]]
        for wrong, status, code in (
            ({"lot": number}, 422, "place_incomplete"),
            ({"package": package}, 422, "place_incomplete"),
            (at | {"fruit": 3}, 422, "fruit_not_planned"),
            (at | {"lot": 999}, 404, "no_lot"),
        ):
            problem(client.post(f"{API}/inspections", params=wrong, content=picture(4), headers=JPEG), status, code)
        after = {"lot": number, "package": package}
        following = client.post(f"{API}/inspections", params=after, content=picture(6), headers=JPEG).json()
        assert following["fruit"] == 2
        problem(client.post(f"{API}/inspections", params=after, content=picture(7), headers=JPEG), 409, "package_full")
        problem(client.get(f"{here}/epcis"), 409, "lot_undecided")
        told = client.get(here).json()
        assert told["counts"][0]["looked_at"] <= 2 and told["judgements"][0]["decision"] == "undecided"
        with signed_in(served, "inspector") as person:
            refused = person.post(f"{here}/decisions", json={"decision": "refused"}, headers=csrf_of(person))
            problem(refused, 403, "not_allowed")
        with signed_in(served, "supervisor") as person:
            csrf = csrf_of(person)
            problem(person.post(f"{here}/decisions", json={"decision": "refused"}, headers=csrf), 422, "reason_needed")
            said = person.post(f"{here}/decisions", json={"decision": "refused", "reason": "lluvia"}, headers=csrf)
            assert said.status_code == 201 and said.json()["evidence"]["counts"] == client.get(here).json()["counts"]
        told = client.get(f"{here}/epcis")
        assert told.headers["content-type"].startswith("application/ld+json")
        (event,) = told.json()["epcisBody"]["eventList"]
        assert (event["disposition"], event["eventTime"][:19]) == ("non_conformant", said.json()["at"][:19])
        assert event["quantityList"][0]["epcClass"] == f"{served.url}/lots?lot={number}"
        problem(client.post(f"{API}/inspections", params=at, content=picture(5), headers=JPEG), 409, "lot_closed")
        listed = client.get(f"{API}/lots").json()
        assert listed["items"][0]["closed_at"] == said.json()["at"] and listed["next"] is None
        assert (listed["items"][0]["decision"], listed["items"][0]["accepted_as"]) == ("refused", None)
        problem(client.get(f"{API}/lots/999"), 404, "no_lot")


def test_a_customer_s_standard_is_a_changed_copy_of_one_that_is_there(served: Served) -> None:
    with served.client() as client, signed_in(served, "supervisor") as person:
        csrf = csrf_of(person)
        document = client.get(f"{API}/standards/codex-cxs-205").json()
        problem(client.post(f"{API}/standards", json=document), 403, "not_allowed")
        kept = person.post(f"{API}/standards", json=document | {"key": "customer"}, headers=csrf)
        assert kept.status_code == 201 and kept.json()["key"] == "customer"
        assert kept.json() in client.get(f"{API}/standards").json()
        wrong = person.post(f"{API}/standards", json=document | {"key": "other", "limits": 3}, headers=csrf)
        assert "limits" in problem(wrong, 422, "standard_field")["detail"]
        problem(client.get(f"{API}/standards/none"), 404, "no_standard")
        problem(client.post(f"{API}/lots", json=OPENING | {"standards": ["none"]}), 422, "standard_unknown")
        problem(client.post(f"{API}/lots", json=OPENING | {"opened": 13}), 422, "draw_invalid")
        problem(client.post(f"{API}/lots", json=OPENING | {"gtin": "123"}), 422, "lot_field")


def test_a_label_is_read_from_a_photograph_or_from_its_codes(served: Served) -> None:
    code = "(01)04006381333931(10)A-7"
    with served.client() as client:
        read = client.post(f"{API}/labels", content=photograph(code, BarcodeFormat.DataMatrix), headers=JPEG)
        told = client.post(f"{API}/labels/codes", json={"codes": [code]})
        assert read.status_code == told.status_code == 200
        for each in (read.json(), told.json()):
            assert (each["gtin"], each["gs1_lot"], each["sscc"]) == ("04006381333931", "A-7", None)
        problem(client.post(f"{API}/labels", content=picture(1), headers=JPEG), 422, "label_unreadable")
        problem(client.post(f"{API}/labels", content=b"no photo", headers=JPEG), 415, "not_a_photo")
        problem(client.post(f"{API}/labels/codes", json={"codes": ["hello"]}), 422, "label_unknown")
        problem(client.post(f"{API}/labels/codes", json={"codes": []}), 422, "invalid")


def test_defects_are_named_over_http_once_and_a_lot_tells_what_is_lacking(served: Served) -> None:
    with served.client() as client, signed_in(served, "inspector") as person:
        number = client.post(f"{API}/lots", json=OPENING | {"code": "L-9", "package_fruit": 90}).json()["number"]
        here = f"{API}/lots/{number}"
        package, _ = client.get(here).json()["packages"]
        at = {"lot": number, "package": package}
        sent = client.post(f"{API}/inspections", params=at, content=picture(11), headers=JPEG).json()
        assert sent["named"] == []
        csrf = csrf_of(person)
        path, said = (
            f"{API}/inspections/{sent['number']}/defects",
            {"defects": ["bruise"], "severities": {"bruise": "slight"}},
        )
        made, again = (person.post(path, json=said, headers=csrf | {"Idempotency-Key": "d"}) for _ in range(2))
        assert (made.status_code, again.status_code) == (201, 200) and made.json() == again.json()
        problem(person.post(path, json={"defects": ["scab"]}, headers=csrf | {"Idempotency-Key": "d"}), 409, "key_used")
        wrong = {"defects": ["scab"], "severities": {"bruise": "slight"}}
        problem(person.post(path, json=wrong, headers=csrf), 422, "severity_of_defect")
        for broken in ({"defects": []}, {"defects": ["scab"], "severities": {"scab": "awful"}}):
            assert person.post(path, json=broken, headers=csrf).status_code == 422
        kept = client.get(f"{API}/inspections/{sent['number']}").json()
        assert kept["named"] == [made.json()]
        told = client.get(here).json()
        assert told["lacking"] == [] and told["estimate"]["why"] in ("awaited", "not_measured")
        with signed_in(served, "supervisor") as boss:
            review = {"answer": "unfit", "defects": ["bruise"]}
            given = boss.post(f"{API}/inspections/{sent['number']}/reviews", json=review, headers=csrf_of(boss)).json()
        assert given["severities"] == {}
        (lacking,) = client.get(here).json()["lacking"]
        assert (lacking["inspection"], lacking["what"], lacking["defect"]) == (sent["number"], "severity", "bruise")
        estimate = client.get(here).json()["estimate"]
        assert estimate["why"] is None and estimate["low"] < estimate["share"] < estimate["high"]
