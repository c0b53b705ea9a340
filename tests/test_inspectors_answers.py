"""What inspectors may answer: nothing, unless the settings let them answer what was asked of themselves."""

from pathlib import Path

import httpx
import pytest

from people_at import signed_in
from serving import serving
from test_api import API, JPEG, csrf_of, picture, problem
from vistobueno.model.bundle import Bundle


def reviewed(person: httpx.Client, number: int, **said: object) -> httpx.Response:
    told = {"answer": "unfit", **said}
    return person.post(f"{API}/inspections/{number}/reviews", json=told, headers=csrf_of(person))


def inspected(person: httpx.Client, key: str, seed: int) -> dict[str, object]:
    """One of theirs; the small model is sure of nothing that it was not made for."""
    answer = person.post(f"{API}/inspections", content=picture(seed, key), headers=JPEG | csrf_of(person))
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("lets", ["off", "own"])
def test_an_inspector_answers_on_what_was_asked_of_them_where_the_settings_let_them(
    lets: str, tmp_path: Path, small_bundle: Bundle
) -> None:
    with (
        serving(tmp_path, MODEL_PATH=str(small_bundle.path), INSPECTORS_REVIEW=lets) as served,
        signed_in(served, "inspector") as inspector,
        signed_in(served, "supervisor") as supervisor,
    ):
        mine, theirs = inspected(inspector, "apple_fit", 1), inspected(supervisor, "apple_fit", 2)
        assert mine["answer"] == theirs["answer"] == "review"
        page = inspector.get(f"/inspections/{mine['number']}").text
        assert ('id="review-form"' in page, 'id="decides"' in page) == (lets == "own", lets == "off")
        problem(reviewed(inspector, int(str(theirs["number"]))), 403, "not_allowed")
        assert 'id="decides"' in inspector.get(f"/inspections/{theirs['number']}").text
        if lets == "off":
            problem(reviewed(inspector, int(str(mine["number"]))), 403, "not_allowed")
            return
        done = reviewed(inspector, int(str(mine["number"])), blind=True)
        assert done.status_code == 201 and not done.json()["blind"]  # they have seen the verdict
        problem(reviewed(inspector, 99), 404, "no_inspection")
        assert inspector.get("/review").status_code == 403
        assert [each["number"] for each in supervisor.get(f"{API}/waiting").json()["items"]] == [theirs["number"]]
