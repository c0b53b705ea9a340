"""The API as a machine meets it: a real station in a process of its own, spoken to over a real connection."""

import csv
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from cases import for_each
from foreign_zips import lying_bzip2, zip_of
from people_at import access_of, signed_in
from serving import Served, serving
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.line import LineRefused
from vistobueno.model.bundle import Bundle

API = "/api/v1"
JPEG = {"Content-Type": "image/jpeg"}


def picture(seed: int = 1, key: str = "apple_fit") -> bytes:
    file = io.BytesIO()
    draw_photo(key, seed, (320, 240)).save(file, "JPEG")
    return file.getvalue()


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("api"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as opened:
        yield opened


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["request_id"] == answer.headers["x-request-id"]
    assert document["title"] and document["detail"]
    return document


def inspected(client: httpx.Client, data: bytes, **headers: str) -> dict[str, Any]:
    answer = client.post(f"{API}/inspections", content=data, headers={**JPEG, **headers})
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_bare_picture_is_judged_kept_and_found_again(client: httpx.Client) -> None:
    answer = client.post(f"{API}/inspections", content=picture(), headers=JPEG)
    assert answer.status_code == 201
    made = answer.json()
    assert made["answer"] in ("fit", "unfit", "review")
    assert answer.headers["location"] == made["links"]["self"]
    assert client.get(made["links"]["self"]).json() == made


def test_a_form_carries_the_file_and_its_name_without_folders(client: httpx.Client) -> None:
    files = {"other": ("x.txt", b"x"), "photo": (r"C:\lot 7\box 3.jpg", picture(2), "image/jpeg")}
    answer = client.post(f"{API}/inspections", files=files)
    assert answer.status_code == 201
    assert answer.json()["filename"] == "box 3.jpg"


def test_a_name_in_the_extended_way_is_kept(client: httpx.Client) -> None:
    head = b"--X\r\nContent-Disposition: form-data; name=\"photo\"; filename*=UTF-8''pl%C3%A1tano.jpg\r\n\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    answer = client.post(f"{API}/inspections", content=head + picture(2) + b"\r\n--X--\r\n", headers=headers)
    assert (answer.status_code, answer.json()["filename"]) == (201, "plátano.jpg")


def test_the_evidence_is_a_private_picture_that_a_browser_keeps(client: httpx.Client) -> None:
    links = inspected(client, picture(3))["links"]
    for name in ("photo", "thumbnail", "heat_map"):
        answer = client.get(links[name])
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")
        assert "private" in answer.headers["cache-control"]
        again = client.get(links[name], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_same_write_is_done_once(client: httpx.Client) -> None:
    first, second = (inspected(client, picture(4), **{"Idempotency-Key": "belt 2 / 4"}) for _ in range(2))
    assert first == second
    other = client.post(f"{API}/inspections", content=picture(5), headers={**JPEG, "Idempotency-Key": "belt 2 / 4"})
    problem(other, 409, "key_used")
    empty = client.post(f"{API}/inspections", content=picture(5), headers={**JPEG, "Idempotency-Key": "x" * 256})
    problem(empty, 400, "key_invalid")


def test_every_write_that_is_sent_again_is_done_once_and_its_key_means_nothing_else(client: httpx.Client) -> None:
    made = inspected(client, picture(6))
    reviews, key = f"{made['links']['self']}/reviews", {"Idempotency-Key": "review 6"}
    first, again = (client.post(reviews, json={"answer": "fit", "note": "x"}, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200) and first.json() == again.json()
    assert len(client.get(made["links"]["self"]).json()["reviews"]) == 1
    zip_ = {"Content-Type": "application/zip"}
    sent = [client.post(f"{API}/batches", content=zipped(a=picture(7)), headers={**zip_, "Idempotency-Key": "lot 6"})
            for _ in range(2)]  # fmt: skip
    assert sent[0].json() == sent[1].json()
    for used in (key, {"Idempotency-Key": "lot 6"}):
        problem(client.post(reviews, json={"answer": "unfit"}, headers=used), 409, "key_used")
        problem(client.post(f"{API}/inspections", content=picture(8), headers={**JPEG, **used}), 409, "key_used")
        problem(client.post(f"{API}/batches", content=zipped(b=picture(7)), headers={**zip_, **used}), 409, "key_used")
    problem(client.post(reviews, json={"answer": "fit"}, headers={"Idempotency-Key": ""}), 400, "key_invalid")


def test_every_write_of_the_description_takes_a_key(client: httpx.Client) -> None:
    for path, operations in client.get(f"{API}/openapi.json").json()["paths"].items():
        for method in operations.keys() - {"get", "delete"}:  # what is removed twice is removed
            if path.startswith("/labels"):  # which keep nothing
                continue
            named = [each["name"] for each in operations[method]["parameters"]]
            assert "Idempotency-Key" in named and "409" in operations[method]["responses"], path


def csrf_of(browser: httpx.Client) -> dict[str, str]:
    """What a page of this session sends with a write."""
    return {"X-CSRF-Token": browser.get("/field/session").json()["csrf"]}


def test_a_line_is_added_by_a_supervisor_and_takes_what_is_sent_to_it(served: Served, client: httpx.Client) -> None:
    told = {"name": "Mesa 2", "products": ["apple"]}
    problem(client.post(f"{API}/lines", json=told), 403, "not_allowed")
    with signed_in(served, "inspector") as inspector:
        problem(inspector.post(f"{API}/lines", json=told, headers=csrf_of(inspector)), 403, "not_allowed")
    with signed_in(served, "supervisor") as supervisor:
        here, key = csrf_of(supervisor), {"Idempotency-Key": "line"}
        added, again = (supervisor.post(f"{API}/lines", json=told, headers=here | key) for _ in range(2))
        assert (added.status_code, again.status_code) == (201, 200) and added.json() == again.json()
        problem(supervisor.post(f"{API}/lines", json=told, headers=here), 409, "line_taken")
        problem(supervisor.post(f"{API}/lines", json=told | {"name": " "}, headers=here), 422, "line_name_invalid")
    assert client.get(f"{API}/lines").json()[1:] == [added.json()]
    assert not added.json()["measured"]
    on = {"params": {"line": "Mesa 2"}}
    sent = client.post(f"{API}/inspections", content=picture(60), headers=JPEG, **on)
    zipped_ = client.post(
        f"{API}/batches", content=zipped(a=picture(61)), headers={"Content-Type": "application/zip"}, **on
    )
    numbers = [sent.json()["number"], zipped_.json()[0]["inspection"]["number"]]
    assert [each["number"] for each in client.get(f"{API}/inspections", **on).json()["items"]] == numbers[::-1]
    table = csv.DictReader(io.StringIO(client.get(f"{API}/inspections.csv", params={"line": "Mesa 2"}).text))
    assert len(list(table)) == 2
    with access_of(served) as access:
        _, secret = access.keys.make("belt", ["inspect"], access.people.all()[0], line="Mesa 2")
        with pytest.raises(LineRefused, match="line_unknown"):
            access.keys.make("belt", ["inspect"], access.people.all()[0], line="Mesa 9")
    of_key = {**JPEG, "Authorization": f"Bearer {secret}"}
    assert client.post(f"{API}/inspections", content=picture(62), headers=of_key).json()["line"] == "Mesa 2"
    other = client.post(f"{API}/inspections?line=principal", content=picture(63), headers=of_key)
    assert other.json()["line"] == "principal"
    for path, kind in (("inspections", "image/jpeg"), ("batches", "application/zip")):
        content = picture(64) if path == "inspections" else zipped(a=picture(64))
        answer = client.post(f"{API}/{path}?line=Mesa+9", content=content, headers={"Content-Type": kind})
        assert "principal" in problem(answer, 422, "line_unknown")["detail"]


@for_each(
    ("content", "kind", "status", "code"),
    [
        (b"", "image/jpeg", 422, "empty_file"),
        (b"hello", "image/jpeg", 415, "not_a_photo"),
        (picture()[:500], "image/jpeg", 422, "damaged_photo"),
        (b"hello", "text/plain", 415, "wrong_media_type"),
        (b"hello", "multipart/form-data", 400, "form_unreadable"),
        (b"hello", "multipart/form-data; boundary=b", 400, "form_unreadable"),
        (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n--b--\r\n', "multipart/form-data; boundary=b", 422,
         "field_missing"),
        (b'--b\r\nContent-Disposition: form-data; name="photo"\r\n\r\nabc', "multipart/form-data; boundary=b", 422,
         "field_missing"),
        (b"--b\r\nX: " + b"y" * 9000 + b"\r\n\r\n", "multipart/form-data; boundary=b", 400, "form_unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_photograph_is_refused_in_words(
    client: httpx.Client, content: bytes, kind: str, status: int, code: str
) -> None:
    problem(client.post(f"{API}/inspections", content=content, headers={"Content-Type": kind}), status, code)


def raw(served: Served, head: str, body: bytes = b"", end: bool = False) -> bytes:
    """Speak HTTP by hand, and read until there is an answer."""
    with socket.create_connection(("127.0.0.1", served.port), 20) as line:
        lines = [head, f"Host: 127.0.0.1:{served.port}", f"Authorization: Bearer {served.secret}", "", ""]
        line.sendall("\r\n".join(lines).encode() + body)
        if end:
            line.shutdown(socket.SHUT_WR)
        return line.recv(65536)


def test_fifteen_megabytes_are_refused_before_they_are_sent(served: Served, client: httpx.Client) -> None:
    declared = raw(served, f"POST {API}/inspections HTTP/1.1\r\nContent-Type: image/jpeg\r\nContent-Length: 15000001")
    assert b" 413 " in declared.splitlines()[0]


def test_a_body_without_end_is_refused_when_it_is_too_long(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(260):
            yield b"\0" * 65536

    problem(client.post(f"{API}/inspections", content=endless(), headers=JPEG), 413, "file_too_large")
    form = {"photo": ("large.jpg", b"\0" * 15_000_001, "image/jpeg")}
    problem(client.post(f"{API}/inspections", files=form), 413, "file_too_large")


def test_a_client_that_hangs_up_leaves_its_place_to_another(served: Served, client: httpx.Client) -> None:
    for _ in range(40):  # more than there are places
        with socket.create_connection(("127.0.0.1", served.port), 20) as line:
            line.sendall(
                f"POST {API}/inspections HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Type: image/jpeg\r\n"
                f"Authorization: Bearer {served.secret}\r\nContent-Length: 100000\r\n\r\nabc".encode()
            )
    for _ in range(100):
        if client.post(f"{API}/inspections", content=picture(6), headers=JPEG).status_code == 201:
            break
    taken = [line for line in client.get("/metrics").text.splitlines() if line.startswith("vistobueno_places_taken")]
    assert taken == ["vistobueno_places_taken 0.0"]


def test_a_list_is_paged_by_cursor_and_filtered(client: httpx.Client) -> None:
    made = [inspected(client, picture(seed))["number"] for seed in range(20, 25)]
    found: list[int] = []
    cursor = None
    while len(found) < 5:
        page = client.get(f"{API}/inspections", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [each["number"] for each in page["items"]]
        cursor = page["next"]
    assert found[:5] == made[::-1]
    assert client.get(f"{API}/inspections", params={"product": "nothing"}).json() == {"items": [], "next": None}
    problem(client.get(f"{API}/inspections", params={"cursor": "guessed"}), 400, "cursor_invalid")


def test_a_person_is_not_taken_for_a_machine_of_the_same_number(client: httpx.Client) -> None:
    actor = inspected(client, picture(26))["actor"]
    for kind in ("key", "person"):
        asked = {"actor_kind": kind, "actor_id": actor["id"]}
        found = client.get(f"{API}/inspections", params=asked).json()["items"]
        assert bool(found) == (kind == "key")
        assert {each["actor"]["kind"] for each in found} <= {kind}
        table = client.get(f"{API}/inspections.csv", params=asked).text.splitlines()
        assert (len(table) > 1) == bool(found)


@for_each(
    "query",
    [
        "limit=0",
        "limit=many",
        "answer=maybe",
        "since=yesterday",
        "since=20261125",
        "until=0.5",
        "until=1e-5",
        "reviewed=perhaps",
        "disagreement=quarrel",
        "actor_id=-1",
        "actor_kind=robot",
    ],
)
def test_a_wrong_question_says_which_part_is_wrong(client: httpx.Client, query: str) -> None:
    document = problem(client.get(f"{API}/inspections?{query}"), 422, "invalid")
    assert [each["field"] for each in document["errors"]] == [query.partition("=")[0]]


def test_a_person_s_answer_stands_beside_the_verdict(client: httpx.Client) -> None:
    made = inspected(client, picture(30))
    answer = client.post(f"{made['links']['self']}/reviews", json={"answer": "unfit", "note": "bruise"})
    assert (answer.status_code, answer.json()["answer"]) == (201, "unfit")
    again = client.get(made["links"]["self"]).json()
    assert (again["answer"], again["reviews"][0]["note"]) == (made["answer"], "bruise")
    answer = client.post(f"{made['links']['self']}/reviews", json={"answer": "unfit", "defects": ["scab", "decay"]})
    assert answer.json()["defects"] == ["decay", "scab"]
    for other in ("other", "retake"):
        assert client.post(f"{made['links']['self']}/reviews", json={"answer": other}).json()["defects"] == []
    refused = client.post(f"{made['links']['self']}/reviews", json={"answer": "fit", "defects": ["scab"]})
    problem(refused, 422, "defect_of_unfit")
    problem(
        client.post(f"{made['links']['self']}/reviews", json={"answer": "unfit", "defects": ["odd"]}), 422, "invalid"
    )
    problem(client.post(f"{made['links']['self']}/reviews", json={"answer": "rotten"}), 422, "invalid")
    problem(client.post(f"{made['links']['self']}/reviews", content=b"{"), 422, "invalid")
    problem(client.post(f"{API}/inspections/999999/reviews", json={"answer": "fit"}), 404, "no_inspection")


def test_what_a_person_says_against_the_model_is_listed_and_made_a_table(client: httpx.Client) -> None:
    one = inspected(client, picture(4))
    number, model = one["number"], one["forced"] if one["answer"] == "review" else one["answer"]
    kind = "forced" if one["answer"] == "review" else "escape" if model == "fit" else "overkill"

    def review(answer: str) -> None:
        given = client.post(f"{API}/inspections/{number}/reviews", json={"answer": answer})
        assert given.status_code == 201

    def listed(query: str) -> set[int]:
        found = {each["number"] for each in client.get(f"{API}/inspections?limit=200&{query}").json()["items"]}
        table = list(csv.reader(io.StringIO(client.get(f"{API}/inspections.csv?{query}").text)))
        assert {int(row[0]) for row in table[1:]} == found
        return found

    review("unfit" if model == "fit" else "fit")
    assert number in listed("disagrees=true") & listed(f"disagreement={kind}") - listed("disagrees=false")
    assert number not in listed("disagreement=other")
    review(model)  # the last word counts
    assert number in listed("disagrees=false&reviewed=true") - listed("disagrees=true")
    assert listed(f"disagrees=false&disagreement={kind}") == set()


def test_a_zip_is_judged_one_by_one_and_told_line_by_line(client: httpx.Client) -> None:
    data = zipped(**{"a.jpg": picture(40), "lot 7/b.jpg": picture(41), "notes.txt": b"hello", "empty.jpg": b""})
    headers = {"Content-Type": "application/zip", "Accept": "application/x-ndjson", "Idempotency-Key": "lot 7"}
    answers = [client.post(f"{API}/batches", content=data, headers=headers) for _ in range(2)]
    lines = [[json.loads(line) for line in answer.text.splitlines()] for answer in answers]
    assert [each["name"] for each in lines[0]] == ["a.jpg", "lot 7/b.jpg", "notes.txt", "empty.jpg"]
    assert [(each["problem"] or {}).get("code") for each in lines[0]] == [None, None, "not_a_photo", "empty_file"]
    assert lines[0] == lines[1], "sent again, nothing is kept twice"
    whole = client.post(f"{API}/batches", files={"zip": ("lot.zip", data)}).json()
    assert [each["name"] for each in whole] == [each["name"] for each in lines[0]]


def test_whoever_has_read_one_zip_to_its_end_sends_the_next_at_once(client: httpx.Client) -> None:
    data = zipped(**{"notes.txt": b"hello"})
    for accept in ("application/x-ndjson", "application/json"):
        headers = {"Content-Type": "application/zip", "Accept": accept}
        answers = [client.post(f"{API}/batches", content=data, headers=headers) for _ in range(20)]
        assert [each.status_code for each in answers] == [200] * 20


def test_a_zip_as_other_programs_write_it_is_judged_and_what_was_passed_over_is_counted(client: httpx.Client) -> None:
    entries = [
        ("plátano.jpg".encode(), picture(43)),
        (b"", picture(44)),
        (b"__MACOSX/._a.jpg", b"x"),
        (b"Thumbs.db", b"x"),
    ]
    data = zip_of(entries).getvalue()
    for accept in ("application/json", "application/x-ndjson"):
        headers = {"Content-Type": "application/zip", "Accept": accept}
        answer = client.post(f"{API}/batches", content=data, headers=headers)
        assert (answer.status_code, answer.headers["passed-over"]) == (200, "2")
        lines = answer.json() if accept == "application/json" else map(json.loads, answer.text.splitlines())
        assert [(each["name"], each["problem"]) for each in lines] == [("plátano.jpg", None), ("entry-2", None)]
    (bomb,) = client.post(f"{API}/batches", files={"zip": lying_bzip2(5_000_000)}).json()
    assert (bomb["problem"]["code"], bomb["problem"]["status"]) == ("zip_method", 422)


def test_a_zip_that_is_a_bomb_or_none_is_refused(client: httpx.Client) -> None:
    def sent(data: bytes) -> httpx.Response:
        return client.post(f"{API}/batches", content=data, headers={"Content-Type": "application/zip"})

    problem(sent(b"hello"), 415, "not_a_zip")
    problem(sent(zipped()), 422, "zip_empty")
    problem(sent(zipped(**{f"{number}.jpg": b"x" for number in range(2001)})), 413, "too_many_photos")
    (bomb,) = sent(zipped(**{"bomb.jpg": b"\0" * 60_000_000})).json()
    assert bomb["problem"]["code"] == "file_too_large"
    (nested,) = sent(zipped(**{"more.zip": zipped(**{"a.jpg": picture()})})).json()
    assert nested["problem"]["code"] == "not_a_photo"
    (outside,) = sent(zipped(**{"../../outside.jpg": picture(42)})).json()
    assert outside["inspection"]["number"]
    wrong = client.post(f"{API}/batches", content=b"x", headers={"Content-Type": "text/plain"})
    problem(wrong, 415, "wrong_media_type")


def test_counts_models_csv_and_who_asks(client: httpx.Client) -> None:
    made = inspected(client, picture(50))
    day = made["at"][:10]
    counts = client.get(f"{API}/counts", params={"since": day, "until": day}).json()
    assert {(each["product"], each["answer"]) for each in counts} >= {(made["product"], made["answer"])}
    problem(client.get(f"{API}/counts", params={"since": day, "until": "2000-01-01"}), 422, "days_invalid")
    problem(client.get(f"{API}/counts", params={"since": "20261101", "until": "20261125"}), 422, "invalid")
    assert [each["active"] for each in client.get(f"{API}/models").json()] == [True]
    assert client.get(f"{API}/me").json()["may"] == ["infer", "inspect", "read", "review"]
    table = client.get(f"{API}/inspections.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert made["photo"]["sha256"] in table.text


def test_a_table_speaks_the_language_that_is_asked_for_else_the_person_s_else_the_browser_s(served: Served) -> None:
    def headings(client: httpx.Client, **asked: str) -> str:
        table = client.get(f"{API}/inspections.csv", params={"limit": "1", **asked})
        return next(csv.reader(io.StringIO(table.text.lstrip("\ufeff"))))[0]

    with served.client(language="en") as machine:
        assert (headings(machine), headings(machine, language="es")) == ("number", "número")
        problem(machine.get(f"{API}/inspections.csv", params={"language": "fr"}), 422, "invalid")
    with signed_in(served, "inspector") as person:  # whose language is English
        spanish = {"Accept-Language": "es"}
        assert person.get(f"{API}/inspections.csv", headers=spanish).text.lstrip("\ufeff").startswith('"number",')
        assert headings(person, language="es") == "número"


def test_a_table_comes_as_a_spreadsheet_opens_it(client: httpx.Client) -> None:
    made = inspected(client, picture(51))
    local = datetime.fromisoformat(made["at"]).astimezone(ZoneInfo("America/Lima"))
    asked = {"format": "es", "zone": "America/Lima", "language": "es"}
    lines = client.get(f"{API}/inspections.csv", params=asked).text.removeprefix("\ufeff")
    heading, first, *_ = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
    assert heading[1] == "fecha (America/Lima)" and first[1] == f"{local:%d/%m/%Y %H:%M:%S}"
    told = dict(zip(heading, first, strict=True))
    assert told["probabilidad de no apto"] == f"{made['probability_unfit']:.4f}".replace(".", ",")
    book = client.get(f"{API}/inspections.xlsx", params={"zone": "America/Lima", "answer": made["answer"]})
    assert "spreadsheetml" in book.headers["content-type"] and "vistobueno.xlsx" in book.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(book.content)) as opened:
        assert made["photo"]["sha256"] in opened.read("xl/worksheets/sheet1.xml").decode()
    for kind in ("csv", "xlsx"):
        wrong = client.get(f"{API}/inspections.{kind}", params={"zone": "Mars/Olympus", "format": "es"})
        problem(wrong, 422, "zone_unknown")


def test_a_table_holds_exactly_what_the_same_list_holds(served: Served, client: httpx.Client) -> None:
    for seed in range(70, 76):
        inspected(client, picture(seed))
    for asked in (
        {"answer": "review", "reviewed": "false"},
        {"answer": "review", "reviewed": "false", "product": "banana"},
    ):
        listed = client.get(f"{API}/inspections", params={**asked, "limit": 200}).json()["items"]
        table = list(csv.reader(io.StringIO(client.get(f"{API}/inspections.csv", params=asked).text)))
        assert [row[0] for row in table[1:]] == [str(each["number"]) for each in listed]


@for_each("path", ["inspections", "models", "me", "openapi.json", "docs", "inspections/1/photo"])
def test_without_a_key_nothing_is_told(served: Served, path: str) -> None:
    problem(httpx.get(f"{served.url}{API}/{path}"), 401, "not_signed_in")


def test_a_key_may_only_what_it_was_given(served: Served) -> None:
    with served.client(served.key(["read"])) as reader:
        problem(reader.post(f"{API}/inspections", content=picture(), headers=JPEG), 403, "not_allowed")
        assert reader.get(f"{API}/inspections").status_code == 200
        problem(reader.get("/v2/models/small"), 403, "not_allowed")


def test_every_word_of_a_problem_is_in_the_language_asked_for(served: Served) -> None:
    said = []
    for language in ("es", "en", "fr, en;q=0.3", "pt", "en;q=0, es", "*"):
        with served.client(language=language) as client:
            answer = client.get(f"{API}/inspections/999999")
            said.append((answer.headers["content-language"], problem(answer, 404, "no_inspection")["title"]))
    assert said == [
        (language, {"es": "No existe", "en": "Not found"}[language])
        for language in ["es", "en", "en", "es", "es", "es"]
    ]


def test_a_request_keeps_the_number_it_came_with_if_it_is_sane(served: Served, client: httpx.Client) -> None:
    assert client.get(f"{API}/me", headers={"X-Request-ID": "sorter-2:77"}).headers["x-request-id"] == "sorter-2:77"
    made = client.get(f"{API}/me", headers={"X-Request-ID": "a b;c"}).headers["x-request-id"]
    assert made != "a b;c" and len(made) == 32
    assert '"request_id": "sorter-2:77"' in served.log


def test_the_log_never_tells_a_secret_or_a_query(served: Served, client: httpx.Client) -> None:
    client.get(f"{API}/inspections", params={"text": "query-nobody-logs"})
    client.get("/login/link/token-nobody-logs")
    httpx.get(f"{served.url}/login?next=/nobody-logs-next")
    for secret in (served.secret, "query-nobody-logs", "token-nobody-logs", "nobody-logs-next"):
        assert secret not in served.log


def test_the_documentation_describes_what_is_served(client: httpx.Client) -> None:
    document = client.get(f"{API}/openapi.json").json()
    assert set(document["paths"]) >= {"/inspections", "/batches", "/inspections/{number}/photo", "/counts", "/me"}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"] and operation["description"]
            assert {"401", "403", "503"} <= set(operation["responses"])
    page = client.get(f"{API}/docs")
    assert (
        "<script" not in page.text
        and "http://" not in page.text.replace("http://127", "")
        and "/inspections" in page.text
    )
    keys = set(client.get(f"{API}/inspections", params={"limit": 1}).json()["items"][0])
    assert keys == set(document["components"]["schemas"]["InspectionOut"]["properties"])


def test_metrics_count_what_was_done(client: httpx.Client) -> None:
    inspected(client, picture(60))
    text = client.get("/metrics").text
    for name in ("inspections_total", "judging_seconds_count", "http_seconds_count", "refusals_total", "model_info"):
        assert f"\nvistobueno_{name}" in text
    assert 'route="/api/v1/inspections/{number}"' in text or "inspections" in text
    assert "process_resident_memory_bytes" in text


def test_the_checks_of_health_are_open_to_all_and_say_little(served: Served) -> None:
    assert httpx.get(f"{served.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{served.url}/readyz").json()["status"] == "ready"


def test_the_pages_are_on_the_same_port(served: Served) -> None:
    answer = httpx.get(f"{served.url}/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert Path(served.folder / "data").is_dir()
