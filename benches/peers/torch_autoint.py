"""AutoInt+ in PyTorch; `--compile` passes the model through torch.compile. Speaks as `common.py` says."""

import os
import sys

os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # No pool of compilers beside the process that is timed.
# Threads that wait go to sleep sooner. Measured as fast as the default on a quiet machine; with company the default is ten
# times slower, as the waiting ones take the cores from those that they wait for.
os.environ["GOMP_SPINCOUNT"] = "10000"

import torch
import torch.nn.functional as F
from torch import nn

from common import CONFIG, FIELDS, HIDDEN, serve, weights

COMPILE = "--compile" in sys.argv


class Interacting(nn.Module):
    def __init__(self, inputs, shape):
        super().__init__()
        self.heads = shape["heads"]
        for name in "qkvr":
            setattr(self, name, nn.Linear(inputs, shape["width"], bias=False))

    def forward(self, x):
        rows, fields, _ = x.shape
        q, k, v = (p(x).view(rows, fields, self.heads, -1).transpose(1, 2) for p in (self.q, self.k, self.v))
        attended = torch.softmax(q @ k.transpose(-1, -2), -1) @ v
        return F.relu(attended.transpose(1, 2).reshape(rows, fields, -1) + self.r(x))


class AutoInt(nn.Module):
    def __init__(self, shape):
        super().__init__()
        dim, width = shape["dim"], shape["width"]
        self.table = nn.Embedding(sum(FIELDS), dim)
        self.layers = nn.Sequential(*(Interacting(width if i else dim, shape) for i in range(CONFIG["layers"])))
        self.head = nn.Linear(len(FIELDS) * width, 1, bias=False)
        inputs, mlp = len(FIELDS) * dim, []
        for width in HIDDEN:
            mlp += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(CONFIG["dropout"])]
            inputs = width
        self.mlp = nn.Sequential(*mlp, nn.Linear(inputs, 1))
        with torch.no_grad():
            for i, (to, value) in enumerate(zip(self.parameters(), weights(shape), strict=True)):
                # nn.Linear holds its weight transposed; the table is the first.
                to.copy_(torch.from_numpy(value.T if i else value))

    def forward(self, ids):
        embedded = self.table(ids)
        logit = self.head(self.layers(embedded).flatten(1)) + self.mlp(embedded.flatten(1))
        return logit.squeeze(1)


class Model:
    def __init__(self, shape):
        self.net = AutoInt(shape)
        self.forward = torch.compile(self.net, dynamic=False) if COMPILE else self.net
        self.adam = torch.optim.Adam(self.net.parameters(), CONFIG["learning_rate"], fused=True)

    def parameters(self):
        return sum(p.numel() for p in self.net.parameters())

    def step(self, ids, labels):
        self.net.train()
        self.adam.zero_grad(set_to_none=True)
        loss = F.binary_cross_entropy_with_logits(self.forward(ids), labels)
        loss.backward()
        self.adam.step()
        return loss.item()

    def infer(self, ids):
        self.net.eval()
        with torch.inference_mode():
            return torch.sigmoid(self.forward(ids)).numpy()


def array(x):
    x = torch.from_numpy(x)
    return x if x.is_floating_point() else x.long()


torch.set_num_threads(CONFIG["threads"])
serve(f"PyTorch {torch.__version__}", Model, array)
