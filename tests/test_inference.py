"""The Open Inference Protocol, spoken by the client that Triton ships, and by hand where that client cannot err."""

import base64
import io
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from serving import Served, serving
from vistobueno import inspect, open_photo
from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import Bundle
from vistobueno.model.inspector import limits_for
from vistobueno.model.runtime import Model, prepare, scaled


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    draw_photo("orange_fit", seed, (320, 240)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("inference"), MODEL_PATH=str(small_bundle.path)) as station:
        station.secret = station.key(["infer"])
        yield station


@pytest.fixture
def client(served: Served) -> Iterator[triton.InferenceServerClient]:
    opened = triton.InferenceServerClient(f"127.0.0.1:{served.port}")
    yield opened
    opened.close()


@pytest.fixture
def key(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.secret}"}


def test_the_server_and_its_model_describe_themselves(
    client: triton.InferenceServerClient, key: dict[str, str], small_bundle: Bundle
) -> None:
    assert client.is_server_live(headers=key) and client.is_server_ready(headers=key)
    assert client.get_server_metadata(headers=key)["extensions"][0] == "binary_tensor_data"
    described = client.get_model_metadata(small_bundle.name, headers=key)
    assert [each["name"] for each in described["inputs"]] == ["image", "picture", "input"]
    assert client.is_model_ready(small_bundle.name, small_bundle.version, headers=key)
    assert not client.is_model_ready("another", headers=key)


def test_a_client_of_triton_asks_what_there_is_before_it_sends(
    client: triton.InferenceServerClient, key: dict[str, str], small_bundle: Bundle
) -> None:
    name, version = small_bundle.name, small_bundle.version
    assert client.get_model_repository_index(headers=key) == [
        {"name": name, "version": version, "state": "READY", "reason": ""}
    ]
    described = client.get_model_metadata(name, headers=key)
    for config in (client.get_model_config(name, headers=key), client.get_model_config(name, version, headers=key)):
        assert [each["name"] for each in config["input"]] == [each["name"] for each in described["inputs"]]
        assert [each["dims"] for each in config["output"]] == [each["shape"] for each in described["outputs"]]

    def counted() -> tuple[int, int, int]:
        every, (one,) = (
            client.get_inference_statistics(headers=key),
            client.get_inference_statistics(name, version, headers=key)["model_stats"],
        )
        assert every["model_stats"] == [one]
        times = one["inference_stats"]
        return one["inference_count"], times["success"]["count"], times["fail"]["count"]

    items, success, fail = counted()
    photos = triton.InferInput("image", [2], "BYTES").set_data_from_numpy(np.array([picture(1), picture(2)], object))
    client.infer(name, [photos], headers=dict(key))
    with pytest.raises(InferenceServerException, match="415"):
        client.infer(name, [photos], headers=dict(key), request_compression_algorithm="gzip")
    assert counted() == (items + 2, success + 1, fail + 1)
    for refused in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="403"):
            refused(name, headers=key)
    for unknown in (client.get_trace_settings, client.get_log_settings, client.get_system_shared_memory_status):
        with pytest.raises(InferenceServerException, match="404"):
            unknown(headers=key)
    with pytest.raises(InferenceServerException, match="another"):
        client.get_model_config("another", headers=key)


def test_encoded_images_are_judged_as_the_station_judges_them(
    client: triton.InferenceServerClient, key: dict[str, str], small_model: Model
) -> None:
    photos = [picture(seed) for seed in range(3)]
    given = triton.InferInput("image", [3], "BYTES").set_data_from_numpy(np.array(photos, object))
    answer = client.infer(small_model.bundle.name, [given], request_id="lot 7", headers=key)
    assert answer.get_response()["id"] == "lot 7"
    for place, photo in enumerate(photos):
        verdict = inspect(open_photo(photo, limits_for(small_model)), small_model)
        assert answer.as_numpy("verdict")[place].decode() == verdict.answer
        assert answer.as_numpy("reasons")[place].decode() == ",".join(verdict.reasons)
        assert answer.as_numpy("probability_unfit")[place] == pytest.approx(verdict.probability_unfit, abs=1e-5)
        assert answer.as_numpy("probabilities")[place] == pytest.approx(list(verdict.probabilities.values()), abs=1e-5)
    assert answer.as_numpy("embedding").shape[0] == 3


@pytest.mark.parametrize("binary", [True, False])
def test_pictures_and_prepared_inputs_give_the_same_scores(
    client: triton.InferenceServerClient, key: dict[str, str], small_model: Model, binary: bool
) -> None:
    spec = small_model.bundle.input
    shown = prepare(open_photo(picture(9), limits_for(small_model)), spec)
    expected = small_model.score_picture(shown).logits
    pixels = triton.InferInput("picture", [1, *shown.shape], "UINT8").set_data_from_numpy(shown[None], binary)
    values = triton.InferInput("input", [1, *shown.shape], "FP32").set_data_from_numpy(scaled(shown, spec), binary)
    wanted = [triton.InferRequestedOutput("logits", binary_data=binary)]
    for given in (pixels, values):
        answer = client.infer(small_model.bundle.name, [given], outputs=wanted, headers=dict(key))
        assert answer.as_numpy("logits")[0] == pytest.approx(expected, abs=1e-4)
        assert answer.as_numpy("verdict") is None, "only what was asked for"


def test_json_carries_an_image_in_base64(served: Served, key: dict[str, str], small_bundle: Bundle) -> None:
    text = base64.b64encode(picture(1)).decode()
    call = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [text]}]}
    answer = httpx.post(f"{served.url}/v2/models/{small_bundle.name}/infer", json=call, headers=key, timeout=30)
    outputs = {each["name"]: each["data"] for each in answer.json()["outputs"]}
    assert outputs["verdict"][0] in ("fit", "unfit", "review")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "not understood"),
        ({"inputs": []}, "not understood"),
        ({"inputs": [{"name": "image", "shape": [2], "datatype": "BYTES", "data": ["YQ=="]}]}, "1 elements"),
        ({"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": ["not base64!"]}]}, "base64"),
        ({"inputs": [{"name": "image", "shape": [-1], "datatype": "BYTES", "data": []}]}, "positive"),
        ({"inputs": [{"name": "image", "shape": [1], "datatype": "INT64", "data": [1]}]}, "datatype"),
        (
            {"inputs": [{"name": "picture", "shape": [1, 2], "datatype": "UINT8", "data": [1, 2]}]},
            "must have the shape",
        ),
        ({"inputs": [{"name": "picture", "shape": [1], "datatype": "UINT8", "data": [300]}]}, "0 to 255"),
        ({"inputs": [{"name": "picture", "shape": [1], "datatype": "UINT8", "data": [[[1], 2]]}]}, "unevenly"),
        ({"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 9}}]}, "size"),
        ({"inputs": [{"name": "image", "shape": [65], "datatype": "BYTES", "data": ["YQ=="] * 65}]}, "1 to 64"),
    ],
)
def test_what_is_no_call_is_refused_in_the_protocol_s_words(
    served: Served, key: dict[str, str], small_bundle: Bundle, given: object, said: str
) -> None:
    answer = httpx.post(f"{served.url}/v2/models/{small_bundle.name}/infer", json=given, headers=key)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_client_meets_errors_as_it_knows_them(
    client: triton.InferenceServerClient, key: dict[str, str], small_bundle: Bundle
) -> None:
    given = triton.InferInput("image", [1], "BYTES").set_data_from_numpy(np.array([b"no photo"], object))
    with pytest.raises(InferenceServerException, match="no es una foto"):
        client.infer(small_bundle.name, [given], headers=dict(key))
    with pytest.raises(InferenceServerException, match="another"):
        client.infer("another", [given], headers=dict(key))
    wanted = [triton.InferRequestedOutput("colour")]
    photo = triton.InferInput("image", [1], "BYTES").set_data_from_numpy(np.array([picture(1)], object))
    with pytest.raises(InferenceServerException, match="there is no output"):
        client.infer(small_bundle.name, [photo], outputs=wanted, headers=dict(key))
    with pytest.raises(InferenceServerException, match="401"):
        client.infer(small_bundle.name, [given])


def test_nothing_is_kept_of_it(served: Served) -> None:
    with served.client(served.key(["read"])) as reader:
        assert reader.get("/api/v1/inspections").json()["items"] == []
