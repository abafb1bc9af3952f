"""AutoInt+ in OpenVINO, inference only, as `inference.py` builds it and shares it out. Speaks as `common.py` says.

It computes in f32, with `--bf16` in bf16, which is OpenVINO's default where the processor has instructions for it. Tried for
one row and slower: two streams, the throughput hint; threads that are not pinned make no difference.
"""

import sys

import openvino

import inference
from common import serve

PRECISION = openvino.Type.bf16 if "--bf16" in sys.argv else openvino.Type.f32
CORE = openvino.Core()


class Model(inference.Model):
    def compiled(self, model, threads, at_once):
        settings = {
            "INFERENCE_PRECISION_HINT": PRECISION,
            "INFERENCE_NUM_THREADS": threads * at_once,
            "NUM_STREAMS": at_once,
        }
        compiled = CORE.compile_model(CORE.read_model(model), "CPU", settings)
        if (precision := compiled.get_property("INFERENCE_PRECISION_HINT")) != PRECISION:
            sys.exit(f"{precision} instead of {PRECISION}")

        def run():
            request = compiled.create_infer_request()
            # Nothing is copied: the ids are read where they are, the probabilities are good until the next run.
            return lambda ids: request.infer({0: ids}, share_inputs=True, share_outputs=True)[0]

        return [run() for _ in range(at_once)]


serve(f"OpenVINO {openvino.__version__.split('-')[0]}", Model, lambda x: x)
