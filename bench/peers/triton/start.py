"""Triton with its Python backend: POST /v2/models/model/infer, the V2 protocol in JSON.

The server is that of the nvidia-pytriton package, which brings no other backend. Lays out a model repository, then
becomes the server.
"""
import os
import shutil
import site
import sys
import sysconfig

import pytriton

from runner import Runner, settings

here = os.path.dirname(os.path.abspath(__file__))
triton = os.path.join(os.path.dirname(pytriton.__file__), "tritonserver")
repository, backends = (os.path.join(settings.folder, name) for name in ("models", "backends"))

os.makedirs(os.path.join(repository, "model", "1"))
shutil.copy(os.path.join(here, "model.py"), os.path.join(repository, "model", "1"))
runner = Runner()
with open(os.path.join(repository, "model", "config.pbtxt"), "w", encoding="utf8") as file:
    file.write(f"""name: "model"
backend: "python"
max_batch_size: {settings.max_batch}
input [{{ name: "{runner.input_name}" data_type: TYPE_FP32 dims: {list(runner.item_shape)} }}]
output [{{ name: "{runner.output_name}" data_type: TYPE_FP32 dims: {list(runner.output_shape)} }}]
instance_group [{{ count: {settings.workers} kind: KIND_CPU }}]
dynamic_batching {{ max_queue_delay_microseconds: {settings.max_delay_ms * 1000} }}
""")

# The backend's process must be the one made for this version of Python.
shutil.copytree(os.path.join(triton, "backends", "python"), os.path.join(backends, "python"))
version = f"{sys.version_info.major}.{sys.version_info.minor}"
stub = os.path.join(triton, "python_backend_stubs", version, "triton_python_backend_stub")
shutil.copy(stub, os.path.join(backends, "python"))

packages = site.getsitepackages()[0]
libraries = [os.path.join(packages, "nvidia_pytriton.libs"), sysconfig.get_config_var("LIBDIR")]
os.environ["PYTHONPATH"] = os.pathsep.join([os.environ["PYTHONPATH"], packages])
os.environ["LD_LIBRARY_PATH"] = os.pathsep.join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
server = os.path.join(triton, "bin", "tritonserver")
options = {
    "model-repository": repository,
    "backend-directory": backends,
    "http-address": "127.0.0.1",
    "http-port": settings.port,
    "http-thread-count": settings.http_threads,
    "allow-grpc": "false",
    "allow-metrics": "false",
    "log-info": "false",
}
os.execv(server, [server, *(f"--{name}={value}" for name, value in options.items())])
