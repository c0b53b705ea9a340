"""Photo → scores: LiteRT serves, TensorFlow compares. A model that does not give its golden answers never loads."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.commissioning import Calibration
from ..core.errors import BundleRefused, ModelRefused
from ..core.input import InputSpec
from ..core.inspection import ModelName
from ..core.photo import Photo
from ..core.policy import Policy
from .archive import UNREADABLE, npz_arrays, npz_bytes
from .bundle import GOLDEN, MODEL_H5, MODEL_TFLITE, SCOPE, Bundle, read_bundle
from .calibrated import calibration_of, digest_of, refuse_other
from .description import read_graph, strange_operations
from .keras_file import load_h5

OUTPUTS = ("logits", "embedding", "activation")
_MOST_GOLDEN = 64  # pictures: each is judged at every start
GOLDEN_TOLERANCE = 1e-3  # absolute, on logits; LiteRT and TensorFlow differ by less than 1e-4 on one machine
_PADDING = (128, 128, 128)
_GAP = 1.5  # three times too large or more: halved (box) before it is filtered, in half the time; 4 levels of 255 apart
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
}

RuntimeName = Literal["litert", "tensorflow"]
Pictures = NDArray[np.uint8]
Outputs = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Scores:
    """What the model says of one photograph: K classes, a D-dimensional embedding, an h × w map for each class."""

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    activation: NDArray[np.float32] | None = None


def prepare(photo: Photo, spec: InputSpec) -> Pictures:
    """The picture the model sees of a photograph, before scaling: (height, width, 3) uint8, always RGB."""
    image = photo.picture
    size = (spec.width, spec.height)
    if spec.fit == "stretch":
        return np.asarray(image.resize(size, _FILTERS[spec.resize], reducing_gap=_GAP))
    choose = max if spec.fit == "crop" else min
    ratio = choose(spec.width / image.width, spec.height / image.height)
    image = image.resize(
        (max(1, round(image.width * ratio)), max(1, round(image.height * ratio))),
        _FILTERS[spec.resize],
        reducing_gap=_GAP,
    )
    canvas = Image.new("RGB", size, _PADDING)
    canvas.paste(image, ((spec.width - image.width) // 2, (spec.height - image.height) // 2))
    return np.asarray(canvas)


def scaled(picture: Pictures, spec: InputSpec) -> NDArray[np.float32]:
    """The model's input for one prepared picture: (1, *spec.shape) float32 in the model's colour order."""
    channels = spec.shape[2]
    ordered = picture[..., ::-1] if spec.colour == "bgr" else picture
    if channels == 1:
        ordered = np.asarray(Image.fromarray(picture).convert("L"))
    rows = ordered.reshape(spec.height, -1)  # a whole row at once: numpy is slow where the innermost axis is 3
    values = np.multiply(rows, np.tile(np.asarray(spec.scale[:channels], np.float32), spec.width), dtype=np.float32)
    values += np.tile(np.asarray(spec.offset[:channels], np.float32), spec.width)
    return values.reshape(1, *spec.shape)


class Model:
    """A bundle that is loaded and proved. Threads may share it: each call has an interpreter to itself."""

    def __init__(self, bundle: Bundle, runtime: RuntimeName, threads: int) -> None:
        self.bundle, self.runtime, self.threads = bundle, runtime, threads
        self._idle: list[Callable[[NDArray[np.float32]], Outputs]] = []
        self._run_shared = _tensorflow(bundle) if runtime == "tensorflow" else None
        self.calibration: Calibration | None = None
        self.calibration_digest: str | None = None
        self.width: int | None = None
        """Of an embedding; None where the model gives none."""
        self._weights = b"" if runtime == "tensorflow" else bundle.read(MODEL_TFLITE)  # once for all

    @property
    def name(self) -> ModelName:
        """As inspections name it."""
        bundle = self.bundle
        return ModelName(bundle.name, bundle.version, bundle.digest, self.calibration_digest)

    @property
    def policy(self) -> Policy:
        """When it answers: as its calibration says where it has one, else as its bundle does."""
        return self.bundle.policy if self.calibration is None else self.calibration.policy

    def with_calibration(self, calibration: Calibration | None) -> "Model":
        """The same model, which answers by a line's calibration; None: as its bundle's network and policy do.

        Raises:
            BundleRefused: ``calibration_of_another``.
        """
        if calibration is not None:
            refuse_other(self.bundle, calibration, self.width)
        model = Model.__new__(Model)
        vars(model).update(vars(self))  # the interpreters are shared
        model.calibration = calibration
        model.calibration_digest = None if calibration is None else digest_of(calibration)
        return model

    def score(self, photo: Photo) -> Scores:
        """Judge one photograph; it never depends on any other."""
        return self.score_picture(prepare(photo, self.bundle.input))

    def score_picture(self, picture: Pictures) -> Scores:
        """Judge one prepared picture, (height, width, 3) uint8 RGB."""
        return self.score_input(scaled(picture, self.bundle.input))

    def score_input(self, values: NDArray[np.float32]) -> Scores:
        """Judge one input as the model takes it: ``(1, *spec.shape)`` float32, scaled, in the model's colour order."""
        outputs = self._outputs(values)
        scores = Scores(*(outputs[name][0] if name in outputs else None for name in OUTPUTS))  # type: ignore[arg-type]
        if self.calibration is None:
            return scores
        return replace(scores, logits=self.calibration.logits(scores.logits, scores.embedding))

    def _outputs(self, values: NDArray[np.float32]) -> Outputs:
        if self._run_shared is not None:
            return self._run_shared(values)
        try:
            run = self._idle.pop()  # the one that proved the golden answers serves the first photograph
        except IndexError:
            run = _litert(self.bundle, self._weights, self.threads)
        outputs = run(values)
        self._idle.append(run)
        return outputs

    def __reduce__(self) -> tuple[Any, ...]:
        return _reloaded, (self.bundle.path, self.runtime, self.threads, self.calibration)


def load_model(path: Path | str | None = None, runtime: RuntimeName = "litert", threads: int = 1) -> Model:
    """Load a bundle, prove it with its golden inputs, and return it ready.

    Args:
        path: folder or .zip of a bundle; None for the one this program ships with.
        runtime: ``litert`` to serve, ``tensorflow`` to compare (needs the extra ``[train]``).
        threads: threads that one prediction may use.

    A calibrated bundle answers by its calibration; the golden answers prove its network all the same.

    Raises:
        BundleRefused: what `read_bundle` raises, and ``golden_moved``, ``golden_classes``, ``golden_input``,
            ``golden_unreadable``, ``bundle_unreadable`` or ``runtime_missing``.
    """
    bundle = read_bundle(Path(path) if path is not None else shipped_bundle())
    calibration = calibration_of(bundle)
    try:
        model = Model(bundle, runtime, threads)
        _check_golden(model)
    except ImportError as error:
        raise BundleRefused(
            "runtime_missing",
            es=f"El motor {runtime} no está instalado ({error}). Instálelo, o use el motor litert.",
            en=f"The runtime {runtime} is not installed ({error}). Install it, or use the runtime litert.",
        ) from error
    return model.with_calibration(calibration)


def _reloaded(path: Path, runtime: RuntimeName, threads: int, calibration: Calibration | None) -> Model:
    """A model in another process."""
    return load_model(path, runtime, threads).with_calibration(calibration)


def shipped_bundle() -> Path:
    """The folder of the bundle that this program ships with."""
    package = Path(__file__).resolve().parent.parent
    for home in (package / "shipped", package.parent.parent / "models"):
        bundles = sorted(file.parent for file in home.glob("*/bundle.json"))
        if bundles:
            return bundles[-1]
    raise BundleRefused(
        "bundle_missing",
        es="Este programa no trae ningún modelo. Indique uno con --model o con MODEL_PATH.",
        en="This program came without a model. Name one with --model or MODEL_PATH.",
    )


def golden_pictures(spec: InputSpec, count: int = 4, seed: int = 0) -> Pictures:
    """Pictures made by code, (count, height, width, 3) uint8: coloured gradients, discs and grain, none a photograph."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : spec.height * 1j, 0 : 1 : spec.width * 1j][..., np.newaxis]
    pictures = []
    for _ in range(count):
        ground = rng.uniform(0, 255, 3) + x * rng.uniform(-120, 120, 3) + y * rng.uniform(-120, 120, 3)
        centre, radius = rng.uniform(0.3, 0.7, 2), rng.uniform(0.15, 0.4)
        inside = np.hypot(y - centre[0], x - centre[1]) < radius
        picture = np.where(inside, rng.uniform(0, 255, 3), ground) + rng.normal(0, 6, (spec.height, spec.width, 3))
        pictures.append(picture.clip(0, 255).astype(np.uint8))
    return np.stack(pictures)


def golden_file(
    spec: InputSpec, class_keys: tuple[str, ...], logits: Callable[[Pictures], NDArray[np.float32]]
) -> bytes:
    """The content of golden.npz. ``logits`` maps one prepared picture to its K logits."""
    pictures = golden_pictures(spec)
    expected = np.stack([logits(picture) for picture in pictures])
    return npz_bytes(pictures=pictures, logits=expected, classes=np.array(class_keys), input=np.array(_spec_text(spec)))


def _check_golden(model: Model) -> None:
    bundle, scope = model.bundle, model.bundle.policy.scope
    near = scope.near if scope is not None else None
    golden = _golden(bundle)
    if tuple(golden["classes"].tolist()) != tuple(each.key for each in bundle.classes):
        raise BundleRefused(
            "golden_classes",
            es=f"Las clases del modelo {bundle.name} no están en el orden con que se probó. Empaquételo otra vez.",
            en=f"The classes of model {bundle.name} are not in the order it was verified with. Pack it again.",
        )
    if str(golden["input"]) != _spec_text(bundle.input):
        raise BundleRefused(
            "golden_input",
            es=f"El modelo {bundle.name} se probó con otra imagen de entrada (tamaño, color o escala). Empaquételo otra vez.",
            en=f"Model {bundle.name} was verified with different image preprocessing (size, colour or scaling). Pack it again.",
        )
    differences = []
    for picture, expected in zip(golden["pictures"], golden["logits"], strict=True):
        try:
            scores = model.score_picture(picture)
        except (ValueError, RuntimeError) as error:  # the model takes another input than the bundle says
            raise _unreadable(bundle, MODEL_TFLITE if model.runtime == "litert" else MODEL_H5, error) from error
        if scores.logits.shape != expected.shape:
            raise _moved(bundle, float("inf"))
        if near is not None and scores.embedding is not None and scores.embedding.shape != near.mean.shape:
            raise _unreadable(bundle, SCOPE, ValueError("it is of another embedding"))
        model.width = None if scores.embedding is None else len(scores.embedding)
        differences.append(float(np.abs(scores.logits - expected).max()))
    worst = float(np.max(differences))  # not max(): a NaN must not hide
    if not worst <= GOLDEN_TOLERANCE:
        raise _moved(bundle, worst)


def _golden(bundle: Bundle) -> Mapping[str, NDArray[Any]]:
    try:
        arrays = npz_arrays(bundle.read(GOLDEN))
        golden = {name: arrays[name] for name in ("pictures", "logits", "classes", "input")}
        if not 0 < len(golden["pictures"]) == len(golden["logits"]) <= _MOST_GOLDEN:
            raise ValueError("pictures")
        if golden["pictures"].dtype != np.uint8 or golden["logits"].dtype.kind != "f":
            raise ValueError("dtype")
    except UNREADABLE as error:
        raise BundleRefused(
            "golden_unreadable",
            es=f"No se pueden leer las respuestas de referencia del modelo {bundle.name} ({error}). Empaquételo otra vez.",
            en=f"The reference answers of model {bundle.name} cannot be read ({error}). Pack it again.",
        ) from error
    return golden


def _moved(bundle: Bundle, by: float) -> BundleRefused:
    return BundleRefused(
        "golden_moved",
        es=f"El modelo {bundle.name} no da las respuestas con que se empaquetó (difieren en {by:.3g}). Empaquételo otra vez.",
        en=f"Model {bundle.name} does not give the answers it was packed with (they differ by {by:.3g}). Pack it again.",
    )


def _spec_text(spec: InputSpec) -> str:
    numbers = {"scale": tuple(map(float, spec.scale)), "offset": tuple(map(float, spec.offset))}  # 1 is 1.0
    return json.dumps(asdict(spec) | numbers, sort_keys=True)


def _litert(bundle: Bundle, weights: bytes, threads: int) -> Callable[[NDArray[np.float32]], Outputs]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=weights, num_threads=threads)
        interpreter.allocate_tensors()
        outputs = interpreter.get_signature_runner().get_output_details()
        names = {detail["index"]: name for name, detail in outputs.items()}
        pixels = interpreter.get_input_details()[0]["index"]
        if OUTPUTS[0] not in names.values():
            raise ValueError(f"no output {OUTPUTS[0]}")
    except (ValueError, RuntimeError) as error:
        raise _unreadable(bundle, MODEL_TFLITE, error) from error

    def run(values: NDArray[np.float32]) -> Outputs:
        interpreter.set_tensor(pixels, values)
        interpreter.invoke()
        return {name: interpreter.get_tensor(index) for index, name in names.items()}

    return run


@contextmanager
def _on_disk(bundle: Bundle, name: str) -> Iterator[Path]:
    """A file of a bundle for a library that reads none inside a .zip."""
    if bundle.path.is_dir():
        yield bundle.path / name
        return
    with tempfile.TemporaryDirectory(prefix="vistobueno-") as folder:
        copy = Path(folder, name)
        copy.write_bytes(bundle.read(name))
        yield copy


def _tensorflow(bundle: Bundle) -> Callable[[NDArray[np.float32]], Outputs]:
    import tensorflow as tf

    try:
        with _on_disk(bundle, MODEL_H5) as file:
            call = _GENERATIONS[bundle.origin.get("keras", 3)](file)
    except (ValueError, OSError, TypeError, KeyError, ModelRefused) as error:
        raise _unreadable(bundle, MODEL_H5, error) from error

    def run(values: NDArray[np.float32]) -> Outputs:
        outputs = call(tf.constant(values))
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {name: output.numpy() for name, output in zip(OUTPUTS, outputs, strict=False)}

    return run


def _of_keras_3(path: Path) -> Callable[[Any], Any]:
    import keras

    return _of_keras(path, keras)


def _of_keras_2(path: Path) -> Callable[[Any], Any]:
    import tf_keras

    return _of_keras(path, tf_keras)


def _of_keras(path: Path, library: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    model = load_h5(path, library)
    call: Callable[[Any], Any] = tf.function(lambda values: model(values, training=False))
    return call


def _of_graph(path: Path) -> Callable[[Any], Any]:
    import tensorflow as tf

    content, pixels, logits = read_graph(path)
    graph = tf.compat.v1.GraphDef.FromString(content)
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    if strange := strange_operations({node.op for node in nodes}):
        raise ValueError(", ".join(strange))
    imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    call: Callable[[Any], Any] = imported.prune(pixels, logits)
    return call


_GENERATIONS = {3: _of_keras_3, 2: _of_keras_2, 0: _of_graph}  # which Keras model.h5 is of; 0: a graph without Keras


def _unreadable(bundle: Bundle, name: str, error: Exception) -> BundleRefused:
    return BundleRefused(
        "bundle_unreadable",
        es=f"{name} del modelo {bundle.name} no es un modelo que se pueda cargar ({error}). Empaquételo otra vez.",
        en=f"{name} of model {bundle.name} is not a model that can be loaded ({error}). Pack it again.",
    )
