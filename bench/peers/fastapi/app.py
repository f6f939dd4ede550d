"""FastAPI as people write it, one run for each request: POST /predict {"x": [numbers]} -> {"y": [numbers]}."""
from fastapi import FastAPI
from pydantic import BaseModel

from runner import Runner

app = FastAPI()
runner = Runner()


class Body(BaseModel):
    x: list[float]


@app.post("/predict")
async def predict(body: Body):
    return {"y": runner.run(runner.item(body.x)[None])[0].tolist()}
