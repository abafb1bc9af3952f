#!/usr/bin/env python3
"""A plain FastAPI + uvicorn + onnxruntime server of a run of MovieLens-1M: what `autoint serve` is compared with.

`POST /v1/score` and `POST /v1/recommend` take and give what those of `autoint serve` do, of the fields that the load uses.
What is made once, at the start: the candidates' codes, the users' codes, the columns of the answers. JSON goes through
orjson, past pydantic; uvicorn has uvloop and httptools and writes no access log.

One row is computed in the event loop: handing it to a thread costs more than it takes. A catalogue is cut into parts that
stay in the cache, which two threads share, each running onnxruntime without further threads; that leaves the event loop free
and is as fast as two threads of onnxruntime, which would spin beside it.
"""

import argparse
import asyncio
import concurrent.futures
import gc
import os
import pathlib
import sys

import numpy as np
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response

import rows

PART = 256  # rows
THREADS = 2


class Model:
    def __init__(self, run, model, folder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.name = pathlib.Path(run).name
        self.vocabulary = vocabulary = rows.Vocabulary(run)

        movies = {id: columns for id, columns in rows.movies(folder).items() if id in vocabulary.codes["movie_id"]}
        self.items = [(id, list(columns.items())) for id, columns in movies.items()]
        people, moment = rows.users(folder), rows.context(folder)
        moment_and_nobody = moment | dict.fromkeys(("user_id", *people["1"]), "")
        self.candidates, _ = vocabulary.encode([c | {"movie_id": id} | moment_and_nobody for id, c in movies.items()])
        self.own = [vocabulary.fields.index(field) for field in ("user_id", *people["1"])]
        first = {"movie_id": self.items[0][0]} | movies[self.items[0][0]] | moment
        codes, _ = vocabulary.encode([first | columns | {"user_id": id} for id, columns in people.items()])
        self.users = dict(zip(people, codes[:, self.own]))
        self.profiles = {id: list(columns.items()) for id, columns in people.items()}
        self.context = [{"name": name, "value": value, "given": False} for name, value in moment.items()]

    def score(self, codes):
        return self.session.run(None, {"codes": codes})

    async def catalogue(self, user):
        """Logits and probabilities of all candidates."""
        codes = self.candidates.copy()
        codes[:, self.own] = self.users[user]
        logits, probabilities = np.empty((2, len(codes)), np.float32)
        starts = iter(range(0, len(codes), PART))

        def work():
            for start in starts:  # The threads share one iterator: whoever is free takes the next part.
                part = slice(start, start + PART)
                logits[part], probabilities[part] = self.score(codes[part])

        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self.pool, work) for _ in range(THREADS)))
        return logits, probabilities


def answer(value):
    return Response(orjson.dumps(value), media_type="application/json")


def application():
    model = Model(*(os.environ[f"PEER_{name}"] for name in ("RUN", "MODEL", "MOVIELENS")))
    app = FastAPI()

    @app.get("/healthz")
    async def healthz():
        return Response("ok")

    @app.post("/v1/score")
    async def score(request: Request):
        try:
            asked = orjson.loads(await request.body())["rows"]
            codes, unknown = model.vocabulary.encode(asked)
        except (ValueError, KeyError, TypeError) as error:
            raise HTTPException(422, repr(error)) from error
        found = zip(*(part.tolist() for part in model.score(codes)), unknown)
        results = [{"logit": l, "probability": p, "unknown": u} for l, p, u in found]
        return answer({"model": model.name, "results": results})

    @app.post("/v1/recommend")
    async def recommend(request: Request):
        try:
            asked = orjson.loads(await request.body())
            user, top = asked["user"], asked.get("top", 10)
            known = user in model.users
        except (ValueError, KeyError, TypeError) as error:
            raise HTTPException(422, repr(error)) from error
        if not known:
            raise HTTPException(404, "no such user")
        if not asked.get("include_rated") or not 1 <= top <= len(model.items):
            raise HTTPException(422, "only include_rated, and a top within the catalogue")
        logits, probabilities = await model.catalogue(user)
        best = np.argpartition(logits, -top)[-top:]
        best = best[np.argsort(-logits[best])].tolist()
        items = [
            {
                "rank": rank,
                "item": model.items[at][0],
                "score": float(probabilities[at]),
                "logit": float(logits[at]),
                "columns": model.items[at][1],
            }
            for rank, at in enumerate(best, 1)
        ]
        return answer(
            {
                "model": model.name,
                "user": user,
                "profile": model.profiles[user],
                "context": model.context,
                "unknown": [],
                "candidates": len(model.items),
                "items": items,
            }
        )

    gc.collect()
    gc.freeze()  # What is made once is not looked through again.
    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("model", help="as export_onnx.py writes it")
    parser.add_argument("movielens", help="the folder of ML-1M")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    # Workers are processes of their own.
    os.environ |= {"PEER_RUN": options.run, "PEER_MODEL": options.model, "PEER_MOVIELENS": options.movielens}
    here = pathlib.Path(__file__)
    sys.dont_write_bytecode = True
    uvicorn.run(
        f"{here.stem}:application",
        factory=True,
        app_dir=str(here.parent),
        port=options.port,
        workers=options.workers,
        loop="uvloop",
        http="httptools",
        access_log=False,
    )


if __name__ == "__main__":
    main()
