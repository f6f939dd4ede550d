"""MLServer: POST /v2/models/model/infer, the V2 protocol in JSON. Writes its settings, then becomes the server."""
import json
import os
import sys

from runner import settings


def write(name, value):
    with open(os.path.join(settings.folder, name), "w", encoding="utf8") as file:
        json.dump(value, file)


write(
    "settings.json",
    {
        "host": "127.0.0.1",
        "http_port": settings.port,
        "grpc_port": settings.ports[0],
        "metrics_port": settings.ports[1],
        "parallel_workers": settings.parallel_workers,
        "debug": False,
        "use_structured_logging": False,
    },
)
write(
    "model-settings.json",
    {
        "name": "model",
        "implementation": "predict.Predict",
        "max_batch_size": settings.max_batch,
        "max_batch_time": settings.max_delay_ms / 1e3,
    },
)
os.chdir(settings.folder)
mlserver = os.path.join(os.path.dirname(sys.executable), "mlserver")
os.execv(mlserver, [mlserver, "start", settings.folder])
