"""Small networks in the shapes that students and engineers save, built with either Keras: pass keras or tf_keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from later import later

tf = later("tensorflow")

SIDE = 32
Build = Callable[[Any], Any]


def entry(keras: Any, channels: int = 3, side: int | None = SIDE) -> Any:
    return keras.layers.Input((side, side, channels))


def functional(build: Callable[[Any, Any], Any], channels: int = 3) -> Build:
    """A network around ``build(keras, pixels)``."""

    def made(keras: Any) -> Any:
        pixels = entry(keras, channels)
        return keras.Model(pixels, build(keras, pixels))

    return made


def strong(keras: Any, units: int = 3, activation: str | None = "softmax", by: float = 2.0, **more: Any) -> Any:
    """A head whose answers differ from picture to picture."""
    return keras.layers.Dense(
        units, activation, kernel_initializer=keras.initializers.RandomNormal(0, by, seed=4), **more
    )


def pooled(keras: Any, x: Any, activation: str | None = "softmax", units: int = 3, by: float = 2.0) -> Any:
    return strong(keras, units, activation, by)(keras.layers.GlobalAveragePooling2D()(x))


def base(keras: Any, name: str = "base", norm: str = "bn") -> Any:
    """A small backbone, as keras.applications gives a large one."""
    pixels, layers = entry(keras), keras.layers
    x = layers.Conv2D(6, 3, 2, use_bias=False, name="Conv1")(layers.ZeroPadding2D(1)(pixels))
    x = layers.ReLU(6.0)(layers.BatchNormalization(name=norm)(x))
    return keras.Model(pixels, layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x), name=name)


def sequential(*build: Callable[[Any], Any]) -> Build:
    """A Sequential of the layers that are made of ``keras``, after an input."""
    return lambda keras: keras.Sequential([entry(keras), *(each(keras) for each in build)])


def teachable_machine(keras: Any) -> Any:
    layers = keras.layers
    left = keras.Sequential([base(keras, "model1"), layers.GlobalAveragePooling2D(name="gap")], name="left")
    right = keras.Sequential(
        [layers.Dense(5, "relu", input_shape=(6,), name="hidden"), strong(keras, 2, use_bias=False)], name="right"
    )
    return keras.Sequential([left, right], name="whole")


def nested_deeply(keras: Any) -> Any:
    """Sequentials in Sequentials; two of them have layers of one name."""
    layers = keras.layers
    inner = keras.Sequential([entry(keras), layers.Conv2D(4, 3, activation="relu", name="same")], name="inner")
    same = layers.Conv2D(4, 3, activation="relu", name="same", input_shape=(SIDE - 2, SIDE - 2, 4))
    parts = [keras.Sequential([inner], name="outer"), keras.Sequential([same], name="other")]
    model = keras.Sequential([*parts, layers.GlobalAveragePooling2D(), layers.Dropout(0.2), strong(keras)])
    model.build((None, SIDE, SIDE, 3))
    return model


def built_when_called(keras: Any) -> Any:
    """No layer names the input's shape: the first photographs did."""
    layers = keras.layers
    body = [layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([augmentation(keras), *body, strong(keras)])
    model(np.zeros((1, SIDE, SIDE, 3), np.float32))
    return model


def augmentation(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)])


def transfer_learning(keras: Any) -> Any:
    """As the official tutorial: augmentation, preprocessing, base called, pooling, dropout, head."""
    layers, pixels = keras.layers, entry(keras)
    x = layers.Rescaling(1 / 127.5, -1)(augmentation(keras)(pixels))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(base(keras)(x, training=False)))
    return keras.Model(pixels, strong(keras)(x))


def branches(keras: Any, x: Any) -> Any:
    layers = keras.layers
    one = layers.Conv2D(4, 1, activation="relu")(x)
    two = layers.Conv2D(4, 3, padding="same")(x)
    three = layers.MaxPooling2D(3, 1, "same")(x)
    joined = layers.Add()([layers.Concatenate()([one, two, three]), layers.Concatenate()([two, one, three])])
    return pooled(keras, joined)


def squeeze_and_excite(keras: Any, x: Any) -> Any:
    layers = keras.layers
    x = layers.Conv2D(8, 3, activation="swish")(x)
    gate = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return pooled(keras, layers.Multiply()([x, gate]))


SHAPES: dict[str, Build] = {
    "a plain CNN": sequential(
        lambda k: k.layers.Rescaling(1 / 255),
        lambda k: k.layers.Conv2D(8, 3, activation="relu"),
        lambda k: k.layers.MaxPooling2D(),
        lambda k: k.layers.Conv2D(8, 3, activation="elu"),
        lambda k: k.layers.AveragePooling2D(2),
        lambda k: k.layers.Flatten(),
        lambda k: k.layers.Dense(8, "relu", kernel_regularizer="l2"),
        lambda k: k.layers.Dropout(0.5),
        strong,
    ),
    "teachable machine": teachable_machine,
    "sequentials in sequentials": nested_deeply,
    "built when called": built_when_called,
    "transfer learning": transfer_learning,
    "a base in a Sequential": lambda k: k.Sequential([base(k), k.layers.GlobalAveragePooling2D(), strong(k)]),
    "a base with / in a name": lambda k: k.Sequential(
        [base(k, norm="Conv/BatchNorm"), k.layers.GlobalMaxPooling2D(), strong(k)]
    ),
    "two bases": functional(
        lambda k, x: strong(k)(
            k.layers.Concatenate()(
                [k.layers.GlobalAveragePooling2D()(base(k, "a")(x)), k.layers.GlobalMaxPooling2D()(base(k, "b")(x))]
            )
        )
    ),
    "branches": functional(branches),
    "squeeze and excite": functional(squeeze_and_excite),
    "separable": functional(lambda k, x: pooled(k, k.layers.SeparableConv2D(8, 3, activation="selu")(x))),
    "transposed": functional(lambda k, x: pooled(k, k.layers.Conv2DTranspose(8, 3, 2)(x))),
    "upsampled and cropped": functional(
        lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(k.layers.Cropping2D(4)(k.layers.UpSampling2D(2)(x))))
    ),
    "spatial dropout": functional(lambda k, x: pooled(k, k.layers.SpatialDropout2D(0.2)(k.layers.Conv2D(8, 3)(x)))),
    "leaky and parametric": functional(
        lambda k, x: pooled(k, k.layers.PReLU(shared_axes=[1, 2])(k.layers.Conv2D(6, 3)(k.layers.LeakyReLU()(x))))
    ),
    "noise and normalisations": functional(
        lambda k, x: pooled(
            k,
            k.layers.LayerNormalization()(
                k.layers.BatchNormalization()(k.layers.GaussianNoise(0.1)(k.layers.Conv2D(4, 3)(x)))
            ),
        )
    ),
    "resized inside": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(k.layers.Resizing(16, 16)(x)))),
    "normalised inside": functional(
        lambda k, x: pooled(
            k, k.layers.Conv2D(4, 3)(k.layers.Normalization(mean=[127.0] * 3, variance=[4000.0] * 3)(x))
        )
    ),
    "softmax as a layer": functional(lambda k, x: k.layers.Softmax()(pooled(k, k.layers.Conv2D(4, 3)(x), None))),
    "softmax as an activation": functional(
        lambda k, x: k.layers.Activation("softmax")(pooled(k, k.layers.Conv2D(4, 3)(x), None))
    ),
    "a convolution for a head": functional(
        lambda k, x: k.layers.Softmax()(
            k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(3, 1)(k.layers.Conv2D(8, 3)(x)))
        )
    ),
    "flatten after pooling": functional(
        lambda k, x: strong(k)(k.layers.Flatten()(k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(4, 3, 2)(x))))
    ),
    "no bias": functional(
        lambda k, x: strong(k, use_bias=False)(k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(4, 3, 2)(x)))
    ),
    "attention over places": functional(
        lambda k, x: strong(k, by=0.1)(
            k.layers.Flatten()(
                k.layers.MultiHeadAttention(2, 4)(*(2 * [k.layers.Reshape((49, 6))(k.layers.Conv2D(6, 8, 4)(x))]))
            )
        )
    ),
    "rows read in turn": functional(
        lambda k, x: strong(k)(
            k.layers.GlobalAveragePooling1D()(
                k.layers.TimeDistributed(k.layers.Dense(6))(k.layers.Reshape((32, 96))(x))
            )
        )
    ),
    "grey": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3, activation="relu")(x)), 1),
    "logits": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3, activation="tanh")(x), None)),
    "one sigmoid": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3, activation="relu")(x), "sigmoid", 1)),
    "one sigmoid as an activation": functional(
        lambda k, x: k.layers.Activation("sigmoid")(pooled(k, k.layers.Conv2D(4, 3, activation="relu")(x), None, 1))
    ),
    "one sigmoid after a convolution": functional(
        lambda k, x: k.layers.Activation("sigmoid")(k.layers.GlobalAveragePooling2D()(k.layers.Conv2D(1, 3)(x)))
    ),
    "one logit": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3, activation="relu")(x), None, 1)),
    "two sigmoids": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3, activation="relu")(x), "sigmoid", 2)),
}


def times_attention(keras: Any, x: Any) -> Any:
    x = keras.layers.Conv2D(8, 3, activation="relu")(x)
    gate = keras.layers.Dense(8, activation="sigmoid")(keras.layers.GlobalAveragePooling2D()(x))
    return pooled(keras, x * keras.layers.Reshape((1, 1, 8))(gate))


def of_operators(ops: Any, preprocess: Callable[[Any], Any]) -> dict[str, Build]:
    """Shapes with operators and functions of ``ops`` (tf.nn, keras.ops) called on tensors."""
    return {
        "x / 127.5 - 1": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(x / 127.5 - 1.0))),
        "preprocess_input": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(preprocess(x)), by=0.02)),
        "relu of tensors": functional(lambda k, x: pooled(k, ops.relu(k.layers.Conv2D(4, 3)(x)))),
        "a sum of tensors": functional(
            lambda k, x: pooled(k, k.layers.Conv2D(4, 3, padding="same")(x) + k.layers.Conv2D(4, 1)(x) * 0.5)
        ),
        "softmax of tensors": functional(lambda k, x: ops.softmax(pooled(k, k.layers.Conv2D(4, 3)(x), None))),
        "a channel alone": functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(x[..., :1]), by=0.02)),
        "attention times": functional(times_attention),
    }


def own_answers(model: Any, pixels: Any) -> Any:
    """What a model says of pixels, by the library that holds it."""
    return np.asarray(model(tf.constant(pixels), training=False), np.float64)
