"""AutoInt+ in onnxruntime, inference only, as `inference.py` builds it and shares it out. Speaks as `common.py` says."""

import onnxruntime

import inference
from common import serve


class Model(inference.Model):
    def compiled(self, model, threads, at_once):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        # Its threads spin while they wait, by default: on a quiet machine 64 rows take up to twice as long without.
        # A session may be run from several threads at once.
        return at_once * [lambda ids: session.run(None, {"ids": ids})[0]]


serve(f"onnxruntime {onnxruntime.__version__}", Model, lambda x: x)
