"""Keras 1 (2015 to 2017) named arguments otherwise: its descriptions in the words of Keras 2, which has its layers."""

from typing import Any

_LAYERS = {
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
}
_ARGUMENTS = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample": "strides",
    "subsample_length": "strides",
    "border_mode": "padding",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "output_dim": "units",
    "p": "rate",
    "sigma": "stddev",
}
_FORGOTTEN = {
    "input_dim",
    "input_length",
    "mode",
    "nb_row",
    "nb_col",
    "dim_ordering",
    "W_learning_rate",
    "b_learning_rate",
}
_ORDERS = {"tf": "channels_last", "th": "channels_first"}


def in_todays_words(node: Any) -> Any:
    """A description where every layer of Keras 1 says what Keras 2 calls it; any other is returned as it is."""
    if isinstance(node, list):
        return [in_todays_words(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: in_todays_words(value) for key, value in node.items()}
    config = node.get("config")
    if not isinstance(config, dict) or not isinstance(node.get("class_name"), str):
        return node
    if node["class_name"] == "Merge":
        return _merged(node)
    if not (_ARGUMENTS.keys() | _FORGOTTEN) & config.keys() or node["class_name"] == "Embedding":
        return node
    said = {_ARGUMENTS.get(key, key): value for key, value in config.items() if key not in _FORGOTTEN}
    if "nb_row" in config:
        said["kernel_size"] = [config["nb_row"], config["nb_col"]]
    if "dim_ordering" in config:
        said["data_format"] = _ORDERS.get(config["dim_ordering"], "channels_last")
    return {**node, "class_name": _LAYERS.get(node["class_name"], node["class_name"]), "config": said}


def _merged(node: dict[str, Any]) -> dict[str, Any]:
    config = node["config"]
    kinds = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}
    said = {"name": config.get("name")}
    if config.get("mode") == "concat":
        said["axis"] = config.get("concat_axis", -1)
    return {**node, "class_name": kinds.get(config.get("mode"), "Merge"), "config": said}
