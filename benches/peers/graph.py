"""An ONNX graph, as `export_onnx.py` and `inference.py` make one."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


class Graph:
    """Nodes as they are added; every operator gives the name of its output, a split those of its parts."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def op(self, kind, *inputs, to=None, **attributes):
        output = to or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def split(self, x, parts, axis):
        outputs = [f"split_{len(self.nodes)}_{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], outputs, axis=axis, num_outputs=parts))
        return outputs

    def constant(self, name, array):
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "autoint", inputs, outputs, list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
        onnx.checker.check_model(model)
        return model
