"""The model as a module of PyTorch, made of its ONNX graph: the same logits, and weights that can be trained on."""

from __future__ import annotations

import numpy as np

__all__ = ["module_of"]


def module_of(graph, encode):
    """The ``torch.nn.Module`` of a graph's bytes; `encode` makes the arrays of rows."""
    try:
        import onnx
        import torch
    except ImportError as error:
        raise ImportError(f"to_torch needs torch and onnx: pip install torch onnx ({error})") from error
    return _classes(torch, onnx)(onnx.load_from_string(graph).graph, encode)


def _attribute(onnx, attribute):
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def _operators(torch):
    """What each operator of the graph does, with its operands and attributes."""

    def reshape(x, sizes):
        # 0 keeps an axis.
        return x.reshape([x.shape[place] if size == 0 else int(size) for place, size in enumerate(sizes)])

    def unsqueeze(x, axes):
        for axis in sorted(int(axis) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    def squeeze(x, axes):
        for axis in sorted((int(axis) for axis in axes), reverse=True):
            x = x.squeeze(axis)
        return x

    def gather(x, places, axis=0):
        return torch.nn.functional.embedding(places, x) if axis == 0 and x.dim() == 2 else x[places]

    def batch_norm(x, gain, bias, mean, variance, epsilon=1e-5):
        shape = [1, -1] + [1] * (x.dim() - 2)
        scale = gain / torch.sqrt(variance + epsilon)
        return (x - mean.reshape(shape)) * scale.reshape(shape) + bias.reshape(shape)

    # The numbers of onnx.TensorProto.
    types = {1: torch.float32, 7: torch.int64, 9: torch.bool, 11: torch.float64}
    return {
        "Add": lambda a, b: a + b,
        "And": torch.logical_and,
        "BatchNormalization": batch_norm,
        "Cast": lambda x, to: x.to(types[to]),
        "Concat": lambda *parts, axis: torch.cat(parts, dim=axis),
        "Div": lambda a, b: a / b,
        "Einsum": lambda *parts, equation: torch.einsum(equation, *parts),
        "Equal": torch.eq,
        "Gather": gather,
        "Identity": lambda x: x,
        "IsNaN": torch.isnan,
        "Less": torch.lt,
        "LessOrEqual": torch.le,
        "Log": torch.log,
        "MatMul": torch.matmul,
        "Max": torch.maximum,
        "Min": torch.minimum,
        "Mul": lambda a, b: a * b,
        "Not": torch.logical_not,
        "ReduceSum": lambda x, axes, keepdims=1: x.sum(dim=axes.tolist(), keepdim=bool(keepdims)),
        "Relu": torch.relu,
        "Reshape": reshape,
        "Sigmoid": torch.sigmoid,
        "Softmax": lambda x, axis: torch.softmax(x, dim=axis),
        "Sqrt": torch.sqrt,
        "Squeeze": squeeze,
        "Sub": lambda a, b: a - b,
        "Transpose": lambda x, perm: x.permute(list(perm)),
        "Unsqueeze": unsqueeze,
        "Where": torch.where,
    }


def _classes(torch, onnx):
    class TorchAutoInt(torch.nn.Module):
        """Logits of encoded rows.

        ``forward`` takes what :meth:`encode` gives for rows of a data frame: a dict of one tensor a field.
        """

        def __init__(self, graph, encode):
            super().__init__()
            self._encode = encode
            self._operators = _operators(torch)
            self._names = {}
            followed = {name for node in graph.node if node.op_type == "BatchNormalization" for name in node.input[3:]}
            for place, tensor in enumerate(graph.initializer):
                array = torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor)))
                # A weight has the name that it has in the run; other constants are numbered.
                name, _, mark = tensor.name.partition(":")
                own = name.replace(".", "_").replace("/", "_")
                if mark == "weights" and tensor.name not in followed:
                    self.register_parameter(own, torch.nn.Parameter(array))
                else:
                    own = f"constant_{place}"
                    self.register_buffer(own, array)
                self._names[tensor.name] = own
            self._nodes = [
                (node.op_type, list(node.input), node.output[0], {a.name: _attribute(onnx, a) for a in node.attribute})
                for node in graph.node
            ]
            unknown = {op for op, *_ in self._nodes} - set(self._operators)
            if unknown:
                raise ValueError(f"the graph has operators that to_torch does not know: {', '.join(sorted(unknown))}")

        def encode(self, data):
            """The tensors of rows, as `AutoInt.predict_proba` takes them."""
            return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in self._encode(data).items()}

        def forward(self, fields):
            values = {name: getattr(self, own) for name, own in self._names.items()} | dict(fields)
            for op, operands, result, attributes in self._nodes:
                values[result] = self._operators[op](*(values[name] for name in operands), **attributes)
            return values["logit"]

    return TorchAutoInt
