"""What every Python server here has in common: its settings, and one onnxruntime session that counts what it runs."""
import json
import mmap
import os
import struct
from types import SimpleNamespace

import numpy as np
import onnxruntime

# Of the environment, since most of these servers start processes of their own: model and folder (paths), port, ports
# (more free ones), workers, max_batch, max_delay_ms, and what a server has besides.
settings = SimpleNamespace(**json.loads(os.environ["PEER"]))


class Runner:
    """A session with one thread for the model's first input and first output."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(settings.model, options, providers=["CPUExecutionProvider"])
        first_input, first_output = self._session.get_inputs()[0], self._session.get_outputs()[0]
        self.input_name, self.item_shape = first_input.name, tuple(first_input.shape[1:])
        self.output_name, self.output_shape = first_output.name, tuple(first_output.shape[1:])
        self._rows = self._runs = 0
        # Shared memory behind a file, so that the benchmark can read it while this process works.
        with open(os.path.join(settings.folder, f"{os.getpid()}-{id(self)}.counts"), "w+b") as file:
            file.write(bytes(16))
            file.flush()
            self._counts = mmap.mmap(file.fileno(), 16)

    def item(self, numbers):
        """One request's flat list of numbers as float32 of the item's shape; ValueError if it does not fit."""
        return np.asarray(numbers, dtype=np.float32).reshape(self.item_shape)

    def run(self, batch):
        """The first output for a float32 batch [N, *item_shape]."""
        output = self._session.run([self.output_name], {self.input_name: batch})[0]
        self._rows += len(batch)
        self._runs += 1
        self._counts[:] = struct.pack("<qq", self._rows, self._runs)
        return output
