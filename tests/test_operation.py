"""Bad days of a running station: stopped, killed, disk full, database gone, model replaced. Nothing acknowledged is lost."""

import io
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from serving import Served, serving
from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import Bundle

API = "/api/v1"
JPEG = {"Content-Type": "image/jpeg"}
KILLS = 12  # each costs a start; where it stands when it is killed is random


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    draw_photo("banana_fit", seed, (200, 150)).save(file, "JPEG")
    return file.getvalue()


class Sender(threading.Thread):
    """Sends photographs until told to stop, and remembers what was acknowledged."""

    def __init__(self, served: Served, pictures: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.served, self.pictures = served, pictures
        self.over = threading.Event()
        self.acknowledged: dict[int, str] = {}

    def run(self) -> None:
        with self.served.client() as client:
            place = 0
            while not self.over.is_set():
                place += 1
                try:
                    answer = client.post(
                        f"{API}/inspections", content=self.pictures[place % len(self.pictures)], headers=JPEG
                    )
                except httpx.TransportError:
                    time.sleep(0.05)  # it is being killed and started again
                    continue
                if answer.status_code == 201:
                    made = answer.json()
                    self.acknowledged[made["number"]] = made["photo"]["sha256"]


@pytest.mark.timeout(900)  # a start takes two seconds on a free machine, many on a busy one
def test_killed_at_random_under_load_it_keeps_all_that_it_acknowledged(tmp_path: Path, small_bundle: Bundle) -> None:
    """Two stations side by side, for a start is one core's work and most of the time that this takes."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(len(folders)) as crowd:
        begun = [
            crowd.submit(kill_and_look, folder, small_bundle, seed, KILLS // len(folders))
            for seed, folder in enumerate(folders)
        ]
        for each in begun:
            each.result()


def kill_and_look(folder: Path, bundle: Bundle, seed: int, kills: int) -> None:
    """Kill a station again and again while photographs come in; then look for every one that it acknowledged."""
    rng = random.Random(seed)
    pictures = [picture(each) for each in range(8)]
    with serving(folder, MODEL_PATH=str(bundle.path)) as served:
        served.secret = served.key()
        senders = [Sender(served, pictures) for _ in range(3)]
        for each in senders:
            each.start()
        for _ in range(kills):
            time.sleep(rng.uniform(0.0, 0.25))
            served.stop(signal.SIGKILL)
            served.start()
        for each in senders:
            each.over.set()
        for each in senders:
            each.join(60)
        acknowledged = {number: sha for each in senders for number, sha in each.acknowledged.items()}
        with served.client() as client:
            kept: dict[int, str] = {}
            cursor = ""
            while cursor is not None:
                params = {"limit": "200", **({"cursor": cursor} if cursor else {})}
                page = client.get(f"{API}/inspections", params=params).json()
                kept |= {each["number"]: each["photo"]["sha256"] for each in page["items"]}
                cursor = page["next"]
            assert acknowledged
            assert {number: kept.get(number) for number in acknowledged} == acknowledged
            assert sorted(kept) == list(range(1, len(kept) + 1)), "no number is missing or half-written"
            for number in kept:
                answer = client.get(f"{API}/inspections/{number}/photo")
                assert answer.content.startswith(b"\xff\xd8") and answer.content.endswith(b"\xff\xd9")


def test_told_to_stop_it_finishes_what_it_accepted_and_ends(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as served:
        served.secret = served.key()
        senders = [Sender(served, [picture(1)]) for _ in range(2)]
        for each in senders:
            each.start()
        while not all(each.acknowledged for each in senders):
            time.sleep(0.01)
        served.stop()
        for each in senders:
            each.over.set()
            each.join(60)
        assert '"message": "stopped"' in served.log
        served.start()
        with served.client() as client:
            for number, sha in {**senders[0].acknowledged, **senders[1].acknowledged}.items():
                assert client.get(f"{API}/inspections/{number}").json()["photo"]["sha256"] == sha


def test_idle_it_ends_at_once_even_with_a_connection_open(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as served, served.client() as client:
        client.get(f"{API}/me")
        assert served.stop() < 5


def test_a_database_that_goes_and_comes_back_is_met_without_a_restart(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as served, served.client() as client:
        assert client.post(f"{API}/inspections", content=picture(1), headers=JPEG).status_code == 201
        file = served.settings.data_dir / "vistobueno.sqlite"
        away = tmp_path / "away"
        away.mkdir()
        for each in file.parent.glob("vistobueno.sqlite*"):
            each.rename(away / each.name)
        checked = client.get("/readyz")
        assert (checked.status_code, checked.json()["checks"]["database"]) == (503, False)
        answer = client.post(f"{API}/inspections", content=picture(2), headers=JPEG)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        assert answer.headers["retry-after"]
        assert client.get("/healthz").status_code == 200
        for each in away.iterdir():
            each.rename(file.parent / each.name)
        served.wait_until_ready()
        assert client.post(f"{API}/inspections", content=picture(2), headers=JPEG).json()["number"] == 2


def test_a_store_that_cannot_take_more_is_said_and_nothing_is_half_kept(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as served, served.client() as client:
        made = client.post(f"{API}/inspections", content=picture(1), headers=JPEG).json()
        store = next(each for each in served.settings.data_dir.iterdir() if each.is_dir() and any(each.rglob("*.jpg")))
        away = tmp_path / "away"
        store.rename(away)
        store.write_bytes(b"")  # no folder can be made here: as on a disk that is full or gone
        answer = client.post(f"{API}/inspections", content=picture(2), headers=JPEG)
        assert answer.status_code == 503
        assert client.get("/readyz").json()["checks"]["evidence"] is False
        store.unlink()
        away.rename(store)
        served.wait_until_ready()
        assert client.post(f"{API}/inspections", content=picture(2), headers=JPEG).json()["number"] == 2
        assert client.get(made["links"]["photo"]).status_code == 200


def test_a_bundle_that_is_replaced_under_it_changes_no_answer(tmp_path: Path, small_bundle: Bundle) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(small_bundle.path, bundle)
    with serving(tmp_path, MODEL_PATH=str(bundle)) as served, served.client() as client:
        before = client.post(f"{API}/inspections", content=picture(1), headers=JPEG).json()
        (bundle / "model.tflite").write_bytes(b"another model")
        after = client.post(f"{API}/inspections", content=picture(1), headers=JPEG).json()
        assert after["probabilities"] == before["probabilities"]
        assert after["model"] == before["model"]


def test_a_damaged_bundle_is_refused_at_start_in_words(tmp_path: Path, small_bundle: Bundle) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(small_bundle.path, bundle)
    (bundle / "model.tflite").write_bytes(b"another model")
    with pytest.raises(AssertionError, match="bundle_damaged"), serving(tmp_path, MODEL_PATH=str(bundle)):
        pass


def test_when_every_place_is_taken_the_answer_says_when_to_come_again(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path), JUDGING_THREADS="1", JUDGING_QUEUE="0") as served:
        served.secret = served.key()

        def post(number: int) -> httpx.Response:
            with served.client() as client:
                return client.post(f"{API}/inspections", content=picture(number), headers=JPEG)

        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(post, range(32)))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert refused
        assert {answer.json()["code"] for answer in refused} == {"busy"}
        assert min(int(answer.headers["retry-after"]) for answer in refused) >= 1
        assert {answer.status_code for answer in answers} == {201, 503}
        assert post(1).status_code == 201


def test_whoever_sends_slowly_holds_nobody_up(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path), JUDGING_THREADS="1", JUDGING_QUEUE="0") as served:
        served.secret = served.key()
        begun, go = threading.Event(), threading.Event()

        def slow() -> Iterator[bytes]:
            yield picture(1)[:100]
            begun.set()
            go.wait(30)
            yield picture(1)[100:]

        def post_slowly() -> int:
            with served.client() as client:
                return client.post(f"{API}/inspections", content=slow(), headers=JPEG).status_code

        with ThreadPoolExecutor(1) as other, served.client() as client:
            slowly = other.submit(post_slowly)
            assert begun.wait(30)
            assert client.post(f"{API}/inspections", content=picture(2), headers=JPEG).status_code == 201
            go.set()
            assert slowly.result(30) == 201
