"""The model as Triton's Python backend runs it: one run for each of Triton's batches."""
import os
import sys

# The backend's process looks at neither of these variables.
sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ

import numpy as np
import triton_python_backend_utils as backend

from runner import Runner


class TritonPythonModel:
    def initialize(self, args):
        self.runner = Runner()

    def execute(self, requests):
        inputs = [backend.get_input_tensor_by_name(request, self.runner.input_name).as_numpy() for request in requests]
        outputs = self.runner.run(np.concatenate(inputs))
        ends = np.cumsum([len(rows) for rows in inputs])[:-1]
        return [
            backend.InferenceResponse([backend.Tensor(self.runner.output_name, rows)])
            for rows in np.split(outputs, ends)
        ]
