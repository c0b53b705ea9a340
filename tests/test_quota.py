"""What bodies hold while they come: what has come of them, and never so much that one sender keeps the others waiting."""

import contextlib
import io
import socket
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import Served, serving
from test_operation import API, JPEG, picture
from vistobueno.model.bundle import Bundle
from vistobueno.services import Busy
from vistobueno.services.judging import Judging
from vistobueno.web.quota import Quota

LARGE = 14_900_000  # bytes, of a photograph that may be sent


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    haste = "from vistobueno.web.api import request_body; request_body.SILENCE = 4.0"
    with serving(tmp_path_factory.mktemp("budget"), haste, MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@contextlib.contextmanager
def sending(
    served: Served, key: str, path: str, kind: str, size: int, sent: int, lines: int
) -> Iterator[list[socket.socket]]:
    """Connections that declared a body of ``size``, and sent so much of it."""
    head = (
        f"POST {API}/{path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"
    )
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 30)) for _ in range(lines)]
        for line in opened:
            line.sendall(head.encode() + b"\0" * sent)
        time.sleep(0.5)
        yield opened


def test_who_declares_much_and_sends_nothing_holds_up_nobody_and_is_left(served: Served) -> None:
    one, other = served.key(), served.key()
    with sending(served, one, "inspections", "image/jpeg", LARGE, 3, 20) as lines:
        for key in (one, other):
            with served.client(key) as client:
                assert client.post(f"{API}/inspections", content=picture(1), headers=JPEG).status_code == 201
        for line in lines:
            line.settimeout(10)
            assert b" 408 " in line.recv(1 << 16).splitlines()[0]


def test_one_sender_holds_a_part_of_the_memory_for_bodies(served: Served) -> None:
    one, other = served.key(), served.key()
    with (
        sending(served, one, "inspections", "image/jpeg", LARGE, LARGE - 1, 2),
        served.client(one) as mine,
        served.client(other) as theirs,
    ):
        refused = mine.post(f"{API}/inspections", content=b"\0" * LARGE, headers=JPEG)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert int(refused.headers["retry-after"]) > 0
        assert theirs.post(f"{API}/inspections", content=b"\0" * LARGE, headers=JPEG).status_code == 415  # it was read


def test_zips_that_come_slowly_hold_no_place_of_those_that_are_inspected(served: Served) -> None:
    one, other = served.key(), served.key()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", picture(1))
    sent = {"content": file.getvalue(), "headers": {"Content-Type": "application/zip"}}
    with (
        sending(served, one, "batches", "application/zip", 900_000_000, 9, 6) as lines,
        served.client(one) as mine,
        served.client(other) as theirs,
    ):
        assert theirs.post(f"{API}/batches", **sent).status_code == 200
        assert mine.post(f"{API}/batches", **sent).json()["code"] == "busy"  # four of his are coming already
        for line in lines:
            line.settimeout(10)
            assert line.recv(1 << 16).split()[1] in (b"408", b"503")
        assert mine.post(f"{API}/batches", **sent).status_code == 200


def test_a_crowd_of_one_sender_leaves_places_to_another(served: Served) -> None:
    one, other = served.key(), served.key()

    def post(_: int) -> int:
        with served.client(one) as client:
            return client.post(f"{API}/inspections", content=picture(2), headers=JPEG).status_code

    with ThreadPoolExecutor(40) as crowd, served.client(other) as client:
        crowded = [crowd.submit(post, each) for each in range(160)]
        time.sleep(0.3)
        answers = [client.post(f"{API}/inspections", content=picture(3), headers=JPEG).status_code for _ in range(5)]
        assert {each.result() for each in crowded} <= {201, 503}
    assert answers == [201] * 5


def test_places_are_left_to_others_where_there_are_several() -> None:
    for places, own in ((1, 1), (2, 2), (4, 3), (18, 14)):
        judging = Judging(1, places - 1)
        mine = [judging.admit("one") for _ in range(own)]
        with pytest.raises(Busy):
            judging.admit("one")
        theirs = [judging.admit("other") for _ in range(places - own)]
        with pytest.raises(Busy):
            judging.admit("another")
        for place in (*mine, *mine, *theirs):
            place.leave()
        judging.admit("one").leave()
        judging.close()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=20))
def test_no_order_of_shares_holds_more_than_there_is(asked: list[tuple[str, int]]) -> None:
    budget = Quota(100, 50, "body", 1)
    with contextlib.ExitStack() as stack:
        held: dict[str, int] = {}
        for owner, size in asked:
            try:
                stack.enter_context(budget.share(owner, size))
            except Busy:
                assert held.get(owner, 0) + size > 50 or budget.held + size > 100
            else:
                held[owner] = held.get(owner, 0) + size
            assert budget.held == sum(held.values()) <= 100
            assert max(held.values(), default=0) <= 50
    assert budget.held == 0
    with budget.share("a", 50):
        pass


def test_busy_says_when_to_come_again(served: Served) -> None:
    with pytest.raises(Busy) as caught, Quota(1, 1, "zip", 7).share("a", 2):
        pass
    assert caught.value.retry_after == 7 and caught.value.es and caught.value.en
    assert httpx.get(f"{served.url}/healthz").status_code == 200
