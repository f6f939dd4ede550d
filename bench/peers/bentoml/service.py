"""The model as BentoML runs it; requests are put together along the first axis."""
import bentoml
import numpy as np

from runner import Runner, settings


@bentoml.service(
    workers=settings.workers,
    traffic={"timeout": 30},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Service:
    def __init__(self):
        self.runner = Runner()

    @bentoml.api(batchable=True, max_batch_size=settings.max_batch, max_latency_ms=settings.max_latency_ms)
    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.runner.run(np.asarray(x, np.float32).reshape(-1, *self.runner.item_shape))
