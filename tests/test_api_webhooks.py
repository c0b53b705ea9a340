"""Webhooks over HTTP, and the whole way: a photograph is sent, a program on the other side is told."""

from collections.abc import Iterator

import pytest

from people_at import signed_in
from receiver import Receiver
from servers import until
from serving import Served, serving
from test_api import API, JPEG, csrf_of, picture, problem
from vistobueno.model.bundle import Bundle

HOOKS = f"{API}/webhooks"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    settings = {"MODEL_PATH": str(small_bundle.path), "WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with serving(tmp_path_factory.mktemp("webhooks"), **settings) as station:
        yield station


def test_a_photograph_that_is_sent_is_told_to_a_program_that_an_administrator_named(served: Served) -> None:
    with Receiver() as receiver, signed_in(served, "admin") as admin, served.client() as machine:
        csrf = csrf_of(admin) | {"Idempotency-Key": "erp"}
        said = {"url": receiver.url, "events": ["inspection.created"]}
        added, again = (admin.post(HOOKS, json=said, headers=csrf) for _ in range(2))
        assert (added.status_code, again.status_code) == (201, 200) and added.json() == again.json()
        number, secret = added.json()["webhook"]["id"], added.json()["secret"]
        problem(admin.post(HOOKS, json={"url": receiver.url}, headers=csrf), 409, "key_used")
        sent = machine.post(f"{API}/inspections", content=picture(1), headers=JPEG).json()
        until(lambda: receiver.got, "it is told")
        (got,) = receiver.got
        assert got.is_signed_by(secret) and got.type == "inspection.created"
        told = {name: sent[name] for name in got.data if name != "model"}
        assert {name: value for name, value in got.data.items() if name != "model"} == told
        assert got.data["model"] == sent["model"]
        rotated = admin.post(f"{HOOKS}/{number}/rotate", json={}, headers=csrf | {"Idempotency-Key": "r"}).json()
        assert rotated["secret"] != secret
        until(lambda: admin.get(HOOKS).json()[0]["delivered_at"], "it is marked")
        assert admin.get(f"{HOOKS}/{number}/dead").json() == []
        assert admin.post(f"{HOOKS}/{number}/replay", json={}, headers=csrf_of(admin)).json() == {"count": 0}
        assert admin.delete(f"{HOOKS}/{number}", headers=csrf_of(admin)).status_code == 204
        problem(admin.get(f"{HOOKS}/{number}/dead"), 404, "no_webhook")
        for url, code in (("https://10.0.0.1/", "webhook_own_network"), ("ftp://x", "webhook_url")):
            problem(admin.post(HOOKS, json={"url": url}, headers=csrf_of(admin)), 422, code)


def test_nobody_but_an_administrator_who_is_signed_in_has_anything_to_do_with_them(served: Served) -> None:
    with served.client() as machine:
        problem(machine.get(HOOKS), 403, "not_allowed")
    with signed_in(served, "supervisor") as supervisor:
        problem(supervisor.get(HOOKS), 403, "not_allowed")
        problem(
            supervisor.post(HOOKS, json={"url": "https://8.8.8.8/"}, headers=csrf_of(supervisor)), 403, "not_allowed"
        )
    with signed_in(served, "admin") as admin:
        assert admin.post(HOOKS, json={"url": "https://8.8.8.8/"}).status_code == 403, "without the form's token"
