"""LitServe: POST /predict {"x": [numbers]} -> {"y": [numbers]}."""
import litserve
import numpy as np

from runner import Runner, settings


class Predict(litserve.LitAPI):
    def setup(self, device):
        self.runner = Runner()

    def decode_request(self, request):
        return self.runner.item(request["x"])

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        return self.runner.run(x)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"y": output.tolist()}


if __name__ == "__main__":
    api = Predict(max_batch_size=settings.max_batch, batch_timeout=settings.max_delay_ms / 1e3)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=settings.workers, timeout=30)
    server.run(
        host="127.0.0.1",
        port=settings.port,
        num_api_servers=settings.api_servers,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
