"""A station that is told to stop ends in time, whatever it is doing, and tells who waits to come again."""

import io
import json
import signal
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from serving import serving
from test_operation import API, JPEG, picture
from vistobueno.model.bundle import Bundle

SOON = """
from vistobueno.web import server
server.ANSWERED_WITHIN, server.LAST_WORDS, server.ENDED_WITHIN = 1.0, 3, 4.0
"""
SLOW = """
import time
from vistobueno.services import inspections
judged = inspections._judged
inspections._judged = lambda *given: time.sleep({}) or judged(*given)
"""


def wait_for_a_place(client: httpx.Client) -> None:
    """Until a photograph is being judged."""
    last = time.monotonic() + 30
    while "vistobueno_places_taken 0.0" in client.get("/metrics").text:
        assert time.monotonic() < last
        time.sleep(0.02)


def test_what_cannot_be_finished_is_told_to_come_again_and_the_process_ends(
    tmp_path: Path, small_bundle: Bundle
) -> None:
    variables = {"MODEL_PATH": str(small_bundle.path), "JUDGING_THREADS": "1"}
    with serving(tmp_path, SOON + SLOW.format(60), **variables) as served:
        served.secret = served.key()

        def post(_: int) -> httpx.Response:
            with served.client() as client:
                return client.post(f"{API}/inspections", content=picture(1), headers=JPEG)

        with ThreadPoolExecutor(3) as crowd, served.client() as client:
            waiting = [crowd.submit(post, each) for each in range(3)]
            wait_for_a_place(client)
            time.sleep(0.3)
            assert served.stop() < 8
            for answer in (each.result(30) for each in waiting):
                assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
                assert int(answer.headers["retry-after"]) > 0
        assert "Traceback" not in served.log


def test_told_twice_it_ends_at_once(tmp_path: Path, small_bundle: Bundle) -> None:
    for how in (signal.SIGTERM, signal.SIGINT):
        home = tmp_path / how.name
        home.mkdir()
        with serving(home, SLOW.format(60), MODEL_PATH=str(small_bundle.path)) as served:
            served.secret = served.key()

            def post() -> None:
                with served.client() as client, pytest.raises(httpx.TransportError):
                    client.post(f"{API}/inspections", content=picture(1), headers=JPEG)

            sender = threading.Thread(target=post)
            sender.start()
            with served.client() as client:
                wait_for_a_place(client)
            assert served.process is not None
            served.process.send_signal(how)
            time.sleep(1.5)
            assert served.process.poll() is None, "once told, it lets what is under way come to its end"
            assert served.stop(how) < 2
            sender.join(30)


def test_a_zip_under_way_ends_early_with_a_line_that_says_so(tmp_path: Path, small_bundle: Bundle) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(100):
            archive.writestr(f"{number}.jpg", picture(number % 3))
    with serving(tmp_path, SLOW.format(0.2), MODEL_PATH=str(small_bundle.path), JUDGING_THREADS="1") as served:
        told, sent = [], {"Content-Type": "application/zip", "Accept": "application/x-ndjson"}
        with (
            served.client() as client,
            client.stream("POST", f"{API}/batches", content=file.getvalue(), headers=sent) as answer,
        ):
            for line in answer.iter_lines():
                told.append(json.loads(line))
                if len(told) == 3:
                    assert served.process is not None
                    served.process.send_signal(signal.SIGTERM)
        assert served.process is not None
        served.process.wait(8)
        assert 3 <= len(told) < 20 and told[-1]["problem"]["code"] == "stopping"
        served.start()
        with served.client() as client:
            for line in told[:-1]:
                assert client.get(line["inspection"]["links"]["self"]).status_code == 200
