"""From what a network says of each place of a photograph to what it says of the photograph."""

import math
from typing import Any

from keras import layers


def over_places(logits: Any, sharpness: float) -> Any:
    """Pool (N, h, w, K) to (N, K) by log-sum-exp (Pinheiro and Collobert 2015): a small defect may speak for all.

    It is built of Keras' own layers, which every .h5 reader knows: log-sum-exp = x − log-softmax(x) at any place, and so
    also their mean over the places.

    Args:
        sharpness: 0 is the mean over the places; the larger, the nearer to their maximum.
    """
    mean = layers.GlobalAveragePooling2D()(logits)
    if not sharpness:
        return mean
    places = math.prod(logits.shape[1:3])
    by_class = layers.Permute((2, 1))(layers.Reshape((places, logits.shape[3]))(logits))
    shares = layers.Activation("log_softmax", name="shares")(layers.Rescaling(sharpness)(by_class))
    share = layers.GlobalAveragePooling1D()(layers.Permute((2, 1))(shares))
    return layers.Subtract()([mean, layers.Rescaling(1 / sharpness, math.log(places) / sharpness)(share)])
