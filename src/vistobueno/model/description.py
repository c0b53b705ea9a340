"""What the description of a Keras model may name: Keras' own layers and functions. Pure; it never imports Keras.

Keras builds whatever a description names: a function of any module (Keras 2), marshalled code (Lambda), layers that read
files (StringLookup) or run other programs' models (TorchModuleWrapper). Here is what a picture's classifier needs; all
else is refused by name before Keras sees it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import ModelRefused


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LAYERS = _words(
    """
    Activation ActivityRegularization AdaptiveAveragePooling2D AdaptiveMaxPooling2D Add AdditiveAttention
    AlphaDropout Attention AtrousConvolution2D AugMix AutoContrast Average AveragePooling1D AveragePooling2D
    AveragePooling3D AvgPool2D BatchNormalization BatchNormalizationV1 BatchNormalizationV2 Bidirectional
    CategoryEncoding CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose
    Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D Convolution1D Convolution2D
    Convolution2DTranspose Cropping1D Cropping2D CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot
    Dropout ELU EinsumDense Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool2D GlobalMaxPool2D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention Identity
    InputLayer LSTM LSTMCell LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPool2D
    MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MixUp MultiHeadAttention Multiply Normalization PReLU
    Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape
    Resizing SeparableConv1D SeparableConv2D SeparableConvolution2D Merge SimpleRNN SimpleRNNCell SlicingOpLambda
    Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells
    Subtract SyncBatchNormalization TFOpLambda TensorFlowOpLayer ThresholdedReLU TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)
_MODELS = frozenset({"Functional", "Model", "Sequential"})
# Initialisers, regularisers, constraints, policies, and values that JSON does not have.
_PARTS = _words(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal LecunUniform Ones One
    Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros Zero L1 L1L2
    L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm DTypePolicy FloatDTypePolicy Policy
    PolicyV1 DTypePolicyMap TensorShape TypeSpec __bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__
    __tensor__ __tuple__ slice
    """
)
_ACTIVATIONS = _words(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
    log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus
    sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """
)
_OF_KERAS = re.compile(r"(?:tf_)?keras(?:\.|$)")
_OPERATIONS = re.compile(r"(?:tf_)?keras\.(?:src\.)?ops\.(?:numpy|nn|math|linalg|image|core|symbolic_arguments)$")
_PURE_TF = re.compile(  # functions of tensors alone, by TensorFlow's own names
    r"(?:compat\.v[12]\.)?(?:(?:math|nn|linalg|__operators__|keras\.activations)\.\w+"
    r"|image\.(?:resize\w*|rgb_to_\w+|grayscale_to_rgb|per_image_standardization|central_crop|flip_\w+|adjust_\w+)"
    r"|cast|clip_by_value|concat|convert_to_tensor|constant|expand_dims|fill|gather|identity|ones|ones_like|one_hot|pad"
    r"|range|rank|reshape|reverse|repeat|shape|slice|space_to_depth|depth_to_space|split|squeeze|stack|stop_gradient"
    r"|strided_slice|tile|transpose|unstack|where|zeros|zeros_like"
    r"|keras\.backend\.(?:cast|clip|concatenate|expand_dims|flatten|max|mean|permute_dimensions|relu|reshape|sigmoid"
    r"|softmax|sqrt|square|squeeze|stack|sum|tanh))"
)
# Operations of a graph: arithmetic on tensors, and reading the model's own variables.
_PURE_OPS = _words(
    """
    Abs Add AddN AddV2 ArgMax AvgPool BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd Bitcast
    BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D Conv2DBackpropInput Cos CropAndResize Cumsum
    DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu EnsureShape Equal Erf Exp ExpandDims Expm1 Fill Floor
    FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual
    Identity IdentityN If L2Loss LRN LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
    MatMul Max MaxPool MaxPoolV2 Maximum Mean Min Minimum MirrorPad Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike
    Pack Pad PadV2 PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod Range Rank
    ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeArea ResizeBicubic ResizeBilinear
    ResizeNearestNeighbor ReverseV2 Round Rsqrt Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice
    Softmax Softplus Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze
    StatefulPartitionedCall StatelessIf StopGradient StridedSlice Sub Sum Tan Tanh Tile TopKV2 Transpose Unpack
    VarHandleOp Where ZerosLike
    """
)


def refuse_code(description: Any) -> None:
    """Refuse a description that names anything but what a classifier of pictures is made of.

    Raises:
        ModelRefused: ``model_runs_code`` or ``model_unknown_layer``.
    """
    for node, layer in _nodes(description, "?"):
        if node.get("class_name") == "__lambda__" or _is_marshalled(node) or node.get("class_name") == "Lambda":
            raise _runs_code(layer)
        if "class_name" in node:
            _known(node, layer)
        for key, value in node.items():
            if isinstance(value, str) and key.endswith("activation") and value not in _ACTIVATIONS:
                raise _unknown(value, layer)


def strange_operations(names: set[str]) -> list[str]:
    """Of the operations of a TensorFlow graph, those that are more than arithmetic: files, Python, tables, networks."""
    return sorted(names - _PURE_OPS)


def refuse_links(path: Path) -> None:
    """Refuse an HDF5 file that takes its content from other files: weights that lie elsewhere are not this model's.

    Raises:
        ModelRefused: ``model_reads_files``.
    """
    import h5py

    seen = set()

    def look(group: Any) -> None:
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:  # a group may hold itself
            return
        seen.add(place)
        for name in group:
            link = group.get(name, getlink=True)
            item = None if isinstance(link, h5py.ExternalLink) else group.get(name)
            if item is None or (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
                raise ModelRefused(
                    "model_reads_files",
                    es=f"{path.name} toma «{name}» de otro archivo. Pida el modelo entero en un solo archivo.",
                    en=f"{path.name} takes '{name}' from another file. Ask for the whole model in one file.",
                )
            if isinstance(item, h5py.Group):
                look(item)

    with h5py.File(path, "r") as file:
        look(file)


def read_graph(path: Path) -> tuple[bytes, str, str]:
    """The graph in an .h5 of `training.saved_model`, and the names of its input and output."""
    import h5py

    refuse_links(path)
    with h5py.File(path, "r") as file:
        return file["graph"][()].tobytes(), str(file.attrs["pixels"]), str(file.attrs["logits"])


def _nodes(node: Any, layer: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every table of a description, with the name of the layer that it stands in."""
    if isinstance(node, dict):
        config = node.get("config")
        if isinstance(config, dict) and isinstance(config.get("name"), str) and "class_name" in node:
            layer = config["name"]
        yield node, layer
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(child, layer)


def _known(node: dict[str, Any], layer: str) -> None:
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if name == "function":
        if node.get("config") not in _ACTIVATIONS:
            raise _unknown(node.get("config"), layer)
    elif module is not None and module != "builtins" and not (isinstance(module, str) and _OF_KERAS.match(module)):
        raise _unknown(f"{module}.{name}", layer)
    elif isinstance(registered, str) and ">" in registered:
        raise _unknown(registered, layer)
    elif isinstance(module, str) and _OPERATIONS.match(module):
        return
    elif not isinstance(name, str) or name not in _LAYERS | _MODELS | _PARTS:
        raise _unknown(name, layer)
    config = node.get("config")
    if isinstance(config, dict) and "function" in config and not _PURE_TF.fullmatch(str(config["function"])):
        raise _unknown(config["function"], layer)
    if name == "TensorFlowOpLayer" and _operation(config) not in _PURE_OPS:
        raise _unknown(_operation(config), layer)


def _operation(config: Any) -> object:
    definition = config.get("node_def") if isinstance(config, dict) else None
    return definition.get("op") if isinstance(definition, dict) else None


def _is_marshalled(node: dict[str, Any]) -> bool:
    """Whether this is a function as bytes, of which a Dense layer keeps no more than code, defaults and closure."""
    value = node.get("value")
    if set(node) != {"value"} or not isinstance(value, list) or len(value) != 3:
        return False
    return isinstance(value[0], str) and not isinstance(value[1], int)  # a tensor is its name and two numbers


def _runs_code(layer: str) -> ModelRefused:
    return ModelRefused(
        "model_runs_code",
        es=f"El modelo lleva una capa o función Lambda («{layer}»): cargarla ejecutaría código de quien lo hizo. Quien lo "
        "hizo puede cambiarla por capas de Keras (Rescaling, por ejemplo) o exportar el modelo con "
        "model.export('carpeta') y dar esa carpeta.",
        en=f"The model has a Lambda layer or function ('{layer}'): loading it would run its author's code. The author can "
        "replace it with Keras layers (Rescaling, for example), or export the model with model.export('folder') and give "
        "that folder.",
    )


def _unknown(name: object, layer: str) -> ModelRefused:
    return ModelRefused(
        "model_unknown_layer",
        es=f"El modelo usa algo que no es una capa de Keras para imágenes: {name} (en «{layer}»). Quien lo hizo puede "
        "exportarlo con model.export('carpeta') y dar esa carpeta, que no necesita su código.",
        en=f"The model uses {name} (in '{layer}'), which is not a Keras layer for images. Its author can export it with "
        "model.export('folder') and give that folder, which does not need its code.",
    )
