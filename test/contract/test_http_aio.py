"""tritonclient.http.aio, the client for asyncio."""

import asyncio
import os
import unittest

import numpy as np
import tritonclient.http.aio as http
from tritonclient.utils import InferenceServerException

from tensors import EXTREMES, bits, rows

URL = os.environ["MILLRACE_HTTP"]


class AioTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = http.InferenceServerClient(URL)
        self.addAsyncCleanup(self.client.close)

    async def infer(self, model, array, datatype, binary=True, **options):
        made = http.InferInput("x", list(array.shape), datatype)
        made.set_data_from_numpy(array, binary_data=binary)
        outputs = [http.InferRequestedOutput("y", binary_data=binary)]
        return await self.client.infer(model, [made], outputs=outputs, **options)

    async def test_server(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_server_ready())
        self.assertEqual((await self.client.get_model_metadata("affine"))["name"], "affine")
        self.assertGreaterEqual((await self.client.get_model_config("affine"))["max_batch_size"], 1)
        self.assertTrue(await self.client.get_model_repository_index())
        self.assertEqual((await self.client.get_inference_statistics("affine"))["model_stats"][0]["name"], "affine")

    async def test_every_datatype(self):
        for datatype in EXTREMES:
            for binary in (True, False):
                if datatype == "FP16" and not binary:
                    continue
                with self.subTest(datatype=datatype, binary=binary):
                    array = rows(datatype)
                    result = await self.infer(f"id_{datatype.lower()}", array, datatype, binary)
                    self.assertEqual(bits(result.as_numpy("y")), bits(array))

    async def test_many_at_once_with_compression(self):
        arrays = [np.full((1, 1_000), each, dtype=np.float32) for each in range(32)]
        results = await asyncio.gather(
            *(
                self.infer("id_fp32", array, "FP32", each % 2 == 0, request_compression_algorithm="gzip")
                for each, array in enumerate(arrays)
            )
        )
        for array, result in zip(arrays, results):
            self.assertEqual(bits(result.as_numpy("y")), bits(array))

    async def test_a_client_that_leaves_harms_nobody(self):
        array = np.ones((1, 4), dtype=np.float32)
        leaving = asyncio.create_task(self.infer("slow", array, "FP32"))
        await asyncio.sleep(0.05)
        leaving.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await leaving
        result = await self.infer("affine", array, "FP32")
        np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 3, dtype=np.float32))

    async def test_refusal(self):
        with self.assertRaises(InferenceServerException) as refused:
            await self.infer("nobody", np.ones((1, 4), dtype=np.float32), "FP32")
        self.assertIn("is not found", refused.exception.message())


if __name__ == "__main__":
    unittest.main()
