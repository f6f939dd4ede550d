"""mosec: POST /inference {"x": [numbers]} -> {"y": [numbers]}."""
import sys

import numpy as np
import orjson
from mosec import Server, Worker

from runner import Runner, settings


class Predict(Worker):
    def __init__(self):
        self.runner = Runner()

    def deserialize(self, data):
        return self.runner.item(orjson.loads(data)["x"])

    def serialize(self, data):
        return orjson.dumps({"y": data}, option=orjson.OPT_SERIALIZE_NUMPY)

    def forward(self, data):
        return list(self.runner.run(np.stack(data)))


if __name__ == "__main__":
    # mosec takes its address from the command line only. When it stops, it waits for requests whose clients have left
    # until their time is up.
    sys.argv[1:] = ["--address", "127.0.0.1", "--port", str(settings.port), "--timeout", "5000", "--log-level", "warning"]
    server = Server()
    server.append_worker(
        Predict, num=settings.workers, max_batch_size=settings.max_batch, max_wait_time=settings.max_delay_ms
    )
    server.run()
