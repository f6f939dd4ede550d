"""tritonclient.grpc.aio, the asynchronous client."""

import asyncio
import os
import unittest

import numpy as np
import tritonclient.grpc.aio as grpc
from tritonclient.utils import InferenceServerException

from tensors import EXTREMES, bits, rows

URL = os.environ["MILLRACE_GRPC"]


def tensor(name, array, datatype):
    made = grpc.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


def ones():
    return tensor("x", np.ones((1, 4), dtype=np.float32), "FP32")


class AioTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = grpc.InferenceServerClient(URL)
        self.addAsyncCleanup(self.client.close)

    async def test_health_and_metadata(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_model_ready("affine"))
        self.assertEqual((await self.client.get_model_metadata("affine")).name, "affine")

    async def test_every_datatype(self):
        async def echo(datatype):
            array = rows(datatype)
            result = await self.client.infer(f"id_{datatype.lower()}", [tensor("x", array, datatype)])
            self.assertEqual(bits(result.as_numpy("y")), bits(array), datatype)

        await asyncio.gather(*(echo(datatype) for datatype in EXTREMES))

    async def test_stream(self):
        async def requests():
            for each in range(20):
                x = tensor("x", np.full((1, 4), each, dtype=np.float32), "FP32")
                yield {"model_name": "affine", "inputs": [x], "request_id": str(each)}
            yield {"model_name": "nobody", "inputs": [ones()], "request_id": "wrong"}

        found, errors = {}, []
        async for result, error in self.client.stream_infer(requests()):
            if error is None:
                found[int(result.get_response().id)] = result.as_numpy("y")[0][0]
            else:
                errors.append(error.message())
        self.assertEqual(found, {each: 2 * each + 1 for each in range(20)})
        self.assertEqual(len(errors), 1)
        self.assertIn("is not found", errors[0])

    async def test_cancelling(self):
        leaving = asyncio.create_task(self.client.infer("slow", [ones()]))
        await asyncio.sleep(0)
        leaving.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await leaving
        result = await self.client.infer("affine", [ones()])
        np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 3, dtype=np.float32))

    async def test_refusal(self):
        with self.assertRaises(InferenceServerException) as refused:
            await self.client.infer("nobody", [ones()])
        self.assertEqual(refused.exception.status(), "StatusCode.NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
