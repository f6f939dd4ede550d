"""Tensors to send, shared by the tests of all clients."""

import numpy as np

# Each with the values at its ends, and for floats those that are easily lost.
EXTREMES = {
    "BOOL": np.array([True, False, True], dtype=bool),
    "UINT8": np.array([0, 1, 255], dtype=np.uint8),
    "UINT16": np.array([0, 1, 65535], dtype=np.uint16),
    "UINT32": np.array([0, 1, 2**32 - 1], dtype=np.uint32),
    "UINT64": np.array([0, 2**53 + 1, 2**64 - 1], dtype=np.uint64),
    "INT8": np.array([-128, 0, 127], dtype=np.int8),
    "INT16": np.array([-32768, 0, 32767], dtype=np.int16),
    "INT32": np.array([-(2**31), 0, 2**31 - 1], dtype=np.int32),
    "INT64": np.array([-(2**63), -(2**53) - 1, 2**63 - 1], dtype=np.int64),
    "FP16": np.array([-0.0, 6e-8, 65504.0], dtype=np.float16),
    "FP32": np.array([-0.0, 1e-45, 3.4028235e38], dtype=np.float32),
    "FP64": np.array([-0.0, 5e-324, 1.7976931348623157e308], dtype=np.float64),
    "BYTES": np.array([b"", "grün 量".encode(), b'"\\\n'], dtype=np.object_),
}


def rows(datatype, count=2):
    """The extremes as a batch of rows [count, 3], each row another way round."""
    return np.stack([np.roll(EXTREMES[datatype], row) for row in range(count)])


def bits(array):
    """What must come back: the very bits, or for BYTES the elements."""
    array = np.asarray(array)
    if array.dtype == np.object_:
        return [element if isinstance(element, bytes) else element.encode() for element in array.reshape(-1)]
    return array.tobytes()
