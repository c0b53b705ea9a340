"""What runs in a process of its own: `python child.py NAME JSON` prints what the function returned as JSON."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

GRAIN = 4.0  # deviation of the sensor's noise in luma; a drawing of 12 megapixels then weighs what a phone's JPEG does


def bundle(path: str) -> dict[str, Any]:
    """The bundle to measure with: its folder, name and input."""
    from vistobueno.model.bundle import read_bundle
    from vistobueno.model.runtime import shipped_bundle

    read = read_bundle(Path(path) if path else shipped_bundle())
    return {"path": str(read.path.resolve()), "name": read.name, "version": read.version}


def draw(folder: str, width: int, height: int, count: int) -> list[str]:
    """Draw JPEGs: a drawing of a quarter of the size, enlarged, with grain. Returns their paths."""
    import numpy as np
    from PIL import Image

    from vistobueno.cli.drawn import CLASSES, draw_photo

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        small = draw_photo(CLASSES[number % len(CLASSES)], number, (width // 4, height // 4))
        pixels = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
        grain = np.random.default_rng(number).normal(0, GRAIN, (height, width, 1)).astype(np.float32)
        paths.append(target / f"drawn-{number:05d}.jpg")
        Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return [str(path) for path in paths]


def fill(folder: str, photos: list[str], count: int) -> int:
    """Fill a folder with ``count`` names of a few photographs: hard links where the disk has them, else copies."""
    target = Path(folder)
    target.mkdir(parents=True)
    for number in range(count):
        name = target / f"photo-{number:05d}.jpg"
        try:
            os.link(photos[number % len(photos)], name)
        except OSError:
            shutil.copyfile(photos[number % len(photos)], name)
    return count


def origin(model: str, photo: str) -> list[float]:
    """The origin's first verdict: load the model, load the photograph whole, predict."""
    judge, _ = _origin(Path(model))
    return judge(Path(photo))


def steady(model: str, photos: list[str], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each way, kept loaded, one thread each; a round gives each way the same photograph, in turn."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    import numpy as np

    from vistobueno import inspect, load_model, open_photo
    from vistobueno.model.runtime import prepare, scaled
    from vistobueno.services.bulk import limits_for

    ours = load_model(model, threads=1)
    limits, spec = limits_for(ours), ours.bundle.input
    origins_way, network = _origin(Path(model))
    compiled = tf.function(lambda values: network(values, training=False))
    picture = prepare(open_photo(Path(photos[0]).read_bytes(), limits), spec)
    values = scaled(picture, spec)
    from_photo = {
        "ours": lambda photo: inspect(open_photo(photo.read_bytes(), limits), ours),
        "origin": origins_way,
        "bare": _bare(Path(model), limits.cover),
        "bare_smallest": _bare(Path(model), max(spec.width, spec.height)),
    }
    from_picture = {
        "litert": lambda _: ours.score_picture(picture),
        "tf_function": lambda _: [np.asarray(each) for each in compiled(tf.constant(values))],
        "predict": lambda _: network.predict(values, verbose=0),
    }
    paths = [Path(photo) for photo in photos]
    return {"photo": _in_turn(from_photo, paths, rounds), "prediction": _in_turn(from_picture, paths, rounds)}


def loop(model: str, photos: list[str]) -> dict[str, float]:
    """The bare loop over photographs, on one core: seconds of all, of them until the first."""
    judge, begun = _bare(Path(model), 448), time.perf_counter()
    judge(Path(photos[0]))
    first = time.perf_counter()
    for photo in photos[1:]:
        judge(Path(photo))
    return {"first": first - begun, "rest": time.perf_counter() - first, "photographs": len(photos)}


def archive(model: str, folder: str, out: str, engine: str, jobs: int) -> dict[str, float]:
    """`vistobueno score` of a folder: seconds until the first rows are back, and of the rest, and how many that were."""
    from vistobueno import load_model
    from vistobueno.services.archives.manifest import keys_of
    from vistobueno.services.archives.photographs import Photographs
    from vistobueno.services.archives.results import Results
    from vistobueno.services.archives.scored import Judge
    from vistobueno.services.archives.scoring import score
    from vistobueno.services.engine import Local
    from vistobueno.settings import Settings

    photographs, loaded, begun = Photographs(Settings()), load_model(model), time.perf_counter()
    back: list[float] = []

    def engines(known: Any) -> Any:
        if engine == "local":
            return Local(Judge(loaded, photographs, known), jobs)
        from vistobueno.jobs.cluster import Cluster

        return Cluster(loaded, known, jobs)

    with Results(Path(out), loaded.name) as results:
        keys, _ = keys_of([folder], photographs)
        done = score(keys, results, photographs, engines, lambda *_: back.append(time.perf_counter()))
    ended = time.perf_counter()
    at_first = sum(each - back[0] < 0.05 for each in back)  # a block comes back at once
    return {"first": back[0] - begun, "rest": ended - back[0], "photographs": done.photographs - at_first}


def lists(kind: str, folder: str, count: int, rounds: int) -> dict[str, float]:
    """The p95 in seconds of every question to a database of ``count`` inspections."""
    from million import answer, p95

    return {question: p95(seconds) for question, seconds in answer(kind, folder, count, rounds).items()}


def growth(rows: list[int], rounds: int) -> dict[str, list[float]]:
    """The p95 in milliseconds of what grows with a database, at each number of rows, by name."""
    from growth import measured

    found = measured(rows, rounds)
    return {name: [found[count][name].p95 for count in rows] for name, each in found[rows[0]].items() if each.p95}


def _in_turn(ways: Mapping[str, Callable[[Path], Any]], photos: list[Path], rounds: int) -> dict[str, list[float]]:
    for way in ways.values():  # once for nothing: caches, compilation
        way(photos[0])
    names, seconds = list(ways), {name: [] for name in ways}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:  # none is always first
            start = time.perf_counter()
            ways[name](photos[number % len(photos)])
            seconds[name].append(time.perf_counter() - start)
    return seconds


def _origin(model: Path) -> tuple[Callable[[Path], list[float]], Any]:
    import numpy as np
    from tensorflow.keras.models import load_model
    from tensorflow.keras.preprocessing.image import img_to_array, load_img

    spec = json.loads((model / "bundle.json").read_text(encoding="utf-8"))["input"]
    scale, offset = np.array(spec["scale"], np.float32), np.array(spec["offset"], np.float32)
    network = load_model(model / "model.h5", compile=False)

    def judge(photo: Path) -> list[float]:
        pixels = img_to_array(load_img(photo, target_size=(spec["height"], spec["width"])))
        outputs = network.predict((pixels * scale + offset)[np.newaxis], verbose=0)
        first = outputs[0] if isinstance(outputs, list | tuple) else outputs
        return [float(value) for value in first[0]]

    return judge, network


def _bare(model: Path, cover: int) -> Callable[[Path], Any]:
    """Pillow and LiteRT and nothing else: reduced decoding that still covers ``cover``, resize, invoke."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    from PIL import Image

    spec = json.loads((model / "bundle.json").read_text(encoding="utf-8"))["input"]
    scale, offset = np.float32(spec["scale"][0]), np.float32(spec["offset"][0])
    interpreter = Interpreter(model_path=str(model / "model.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    pixels, logits = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def judge(photo: Path) -> Any:
        with Image.open(photo) as image:
            ratio = max(1.0, min(image.size) / cover)
            image.draft("RGB", (int(image.width / ratio), int(image.height / ratio)))
            small = image.resize((spec["width"], spec["height"]), Image.Resampling.BILINEAR)
        interpreter.set_tensor(pixels, (np.asarray(small, np.float32) * scale + offset)[np.newaxis])
        interpreter.invoke()
        return interpreter.get_tensor(logits)

    return judge


if __name__ == "__main__":
    names: dict[str, Callable[..., Any]] = {
        each.__name__: each for each in (bundle, draw, fill, origin, steady, lists, growth, loop, archive)
    }
    result = names[sys.argv[1]](**json.loads(sys.argv[2]))
    print(json.dumps(result))
