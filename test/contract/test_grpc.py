"""tritonclient.grpc, the synchronous client: one by one, with callbacks, and in streams."""

import os
import queue
import threading
import unittest

import numpy as np
import tritonclient.grpc as grpc
from tritonclient.utils import InferenceServerException

from tensors import EXTREMES, bits, rows

URL = os.environ["MILLRACE_GRPC"]


def tensor(name, array, datatype):
    made = grpc.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


def ones(rows_=1):
    return tensor("x", np.ones((rows_, 4), dtype=np.float32), "FP32")


class GrpcTest(unittest.TestCase):
    def setUp(self):
        self.client = grpc.InferenceServerClient(URL)
        self.addCleanup(self.client.close)

    def refused(self, status, pattern):
        """A context in which the server must refuse, with a status and a text."""
        test = self

        class Refused:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, InferenceServerException, "nothing was refused")
                test.assertEqual(error.status(), f"StatusCode.{status}")
                test.assertRegex(error.message(), pattern)
                return True

        return Refused()


class ServerTest(GrpcTest):
    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("affine"))
        self.assertTrue(self.client.is_model_ready("affine", "1"))
        self.assertFalse(self.client.is_model_ready("affine", "7"))
        self.assertFalse(self.client.is_model_ready("nobody"))
        self.assertFalse(self.client.is_model_ready("id_bf16"))

    def test_server_metadata(self):
        metadata = self.client.get_server_metadata(as_json=True)
        self.assertEqual(metadata["name"], "millrace")
        self.assertIn("statistics", metadata["extensions"])

    def test_model_metadata(self):
        self.assertEqual(
            self.client.get_model_metadata("affine", as_json=True),
            {
                "name": "affine",
                "versions": ["1"],
                "platform": "onnxruntime_onnx",
                "inputs": [{"name": "x", "datatype": "FP32", "shape": ["-1", "4"]}],
                "outputs": [{"name": "y", "datatype": "FP32", "shape": ["-1", "4"]}],
            },
        )
        with self.refused("NOT_FOUND", "Request for unknown model: 'nobody' is not found"):
            self.client.get_model_metadata("nobody")

    def test_bf16_is_unavailable_with_its_reason(self):
        with self.refused("UNAVAILABLE", "BF16"):
            self.client.get_model_metadata("id_bf16")

    def test_model_config(self):
        config = self.client.get_model_config("affine").config
        self.assertGreaterEqual(config.max_batch_size, 1)
        self.assertEqual(list(config.input[0].dims), [4])
        self.assertEqual(self.client.get_model_config("affine", as_json=True)["config"]["input"][0]["data_type"], "TYPE_FP32")
        self.assertTrue(config.HasField("dynamic_batching"))
        self.assertFalse(config.model_transaction_policy.decoupled)
        unbatched = self.client.get_model_config("shared").config
        self.assertEqual(unbatched.max_batch_size, 0)
        self.assertEqual([list(each.dims) for each in unbatched.input], [[-1, 3], []])

    def test_repository_index_and_control(self):
        index = {each.name: each for each in self.client.get_model_repository_index().models}
        self.assertEqual([index["affine"].version, index["affine"].state], ["1", "READY"])
        self.assertEqual(index["id_bf16"].state, "UNAVAILABLE")
        self.assertIn("BF16", index["id_bf16"].reason)
        with self.refused("UNAVAILABLE", "explicit model load / unload is not allowed"):
            self.client.load_model("affine")
        with self.refused("UNAVAILABLE", "explicit model load / unload is not allowed"):
            self.client.unload_model("affine")

    def test_settings(self):
        self.assertEqual(self.client.get_trace_settings(as_json=True)["settings"]["trace_level"], {"value": ["OFF"]})
        self.assertEqual(self.client.get_trace_settings("affine", as_json=True)["settings"]["trace_rate"], {"value": ["1000"]})
        self.assertEqual(self.client.get_log_settings(as_json=True)["settings"]["log_info"], {"bool_param": True})
        with self.refused("UNIMPLEMENTED", "does not change"):
            self.client.update_trace_settings(settings={"trace_rate": "1"})
        with self.refused("UNIMPLEMENTED", "does not change"):
            self.client.update_log_settings({"log_verbose_level": 1})

    def test_shared_memory_is_off(self):
        self.assertEqual(len(self.client.get_system_shared_memory_status().regions), 0)
        self.assertEqual(len(self.client.get_cuda_shared_memory_status().regions), 0)
        self.client.unregister_system_shared_memory()
        self.client.unregister_system_shared_memory("region")
        self.client.unregister_cuda_shared_memory()
        with self.refused("UNIMPLEMENTED", "not supported"):
            self.client.register_system_shared_memory("region", "/key", 16)
        with self.refused("NOT_FOUND", "Unable to find system shared memory region: 'region'"):
            self.client.get_system_shared_memory_status("region")


class InferTest(GrpcTest):
    def test_every_datatype(self):
        for datatype in EXTREMES:
            with self.subTest(datatype=datatype):
                array = rows(datatype)
                result = self.client.infer(f"id_{datatype.lower()}", [tensor("x", array, datatype)])
                self.assertEqual(bits(result.as_numpy("y")), bits(array))
                self.assertEqual(result.as_numpy("y").shape, array.shape)

    def test_no_elements(self):
        result = self.client.infer("id_fp32", [tensor("x", np.zeros((2, 0), dtype=np.float32), "FP32")])
        self.assertEqual(result.as_numpy("y").shape, (2, 0))

    def test_typed_contents(self):
        stub = self.client._client_stub
        request = grpc.service_pb2.ModelInferRequest(model_name="id_int64")
        made = request.inputs.add(name="x", datatype="INT64", shape=[1, 3])
        made.contents.int64_contents.extend([-(2**63), 2**53 + 1, 2**63 - 1])
        raw = stub.ModelInfer(request).raw_output_contents[0]
        self.assertEqual(np.frombuffer(raw, dtype=np.int64).tolist(), [-(2**63), 2**53 + 1, 2**63 - 1])

    def test_megabytes(self):
        array = np.random.default_rng(1).random((4, 600_000 // 4), dtype=np.float32)
        result = self.client.infer("id_fp32", [tensor("x", array, "FP32")])
        self.assertEqual(bits(result.as_numpy("y")), bits(array))

    def test_id_and_version(self):
        array = rows("FP32")
        result = self.client.infer("id_fp32", [tensor("x", array, "FP32")], model_version="1", request_id="mine")
        self.assertEqual([result.get_response().id, result.get_response().model_version], ["mine", "1"])

    def test_priority_timeout_and_own_parameters(self):
        parameters = {"mine": "yes", "count": 3, "flag": True}
        result = self.client.infer("affine", [ones()], priority=1, timeout=10_000_000, parameters=parameters)
        np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 3, dtype=np.float32))

    def test_timeouts(self):
        with self.refused("DEADLINE_EXCEEDED", "Request timeout expired"):
            self.client.infer("slow", [ones()], timeout=1_000)
        with self.refused("DEADLINE_EXCEEDED", "."):
            self.client.infer("slow", [ones()], client_timeout=0.001)

    def test_compression(self):
        array = np.zeros((2, 4_000), dtype=np.float32)
        for algorithm in ("gzip", "deflate"):
            result = self.client.infer("id_fp32", [tensor("x", array, "FP32")], compression_algorithm=algorithm)
            self.assertEqual(bits(result.as_numpy("y")), bits(array))

    def test_classification(self):
        x = np.array([[45.5, 17, 196, 3500]], dtype=np.float32)
        wanted = grpc.InferRequestedOutput("probabilities", class_count=2)
        result = self.client.infer("penguins.tensors", [tensor("features", x, "FP32")], outputs=[wanted])
        classes = result.as_numpy("probabilities")
        self.assertEqual(classes.shape, (1, 2))
        value, index = classes[0][0].decode().split(":")[:2]
        self.assertGreater(float(value), 0.9)
        self.assertEqual(index, "1")

    def test_a_pipeline_takes_bytes_and_its_labels_are_classes(self):
        items = np.array([[b"[45.5, 17, 196, 3500]"], [b"[50, 15.2, 218, 5700]"]], dtype=np.object_)
        wanted = grpc.InferRequestedOutput("output", class_count=1)
        result = self.client.infer("penguins", [tensor("input", items, "BYTES")], outputs=[wanted])
        best = [str(each[0], "utf-8").split(":") for each in result.as_numpy("output")]
        self.assertEqual([each[1:] for each in best], [["1", "Chinstrap"], ["2", "Gentoo"]])

    def test_any_bytes_to_a_pipeline(self):
        files = np.array([[bytes(range(256)) * 8], [b"#!/bin/sh\necho\nexit 0\n"]], dtype=np.object_)
        result = self.client.infer("magika", [tensor("input", files, "BYTES")])
        self.assertIn(b'"shell"', result.as_numpy("output")[1][0])

    def test_statistics(self):
        before = self.client.get_inference_statistics("id_uint8", "1").model_stats[0]
        self.client.infer("id_uint8", [tensor("x", rows("UINT8", 3), "UINT8")])
        after = self.client.get_inference_statistics("id_uint8", "1").model_stats[0]
        self.assertEqual(after.inference_count - before.inference_count, 3)
        self.assertEqual(after.execution_count - before.execution_count, 1)
        stats = after.inference_stats
        parts = stats.queue.ns + stats.compute_input.ns + stats.compute_infer.ns + stats.compute_output.ns
        self.assertLessEqual(parts, stats.success.ns)
        self.assertIn("affine", [each.name for each in self.client.get_inference_statistics().model_stats])


class CallbackTest(GrpcTest):
    def test_async(self):
        answers = queue.Queue()
        for _ in range(8):
            self.client.async_infer("affine", [ones()], lambda result, error: answers.put((result, error)))
        for _ in range(8):
            result, error = answers.get(timeout=30)
            self.assertIsNone(error)
            np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 3, dtype=np.float32))

    def test_cancelling(self):
        answers = queue.Queue()
        call = self.client.async_infer("slow", [ones()], lambda result, error: answers.put((result, error)))
        call.cancel()
        _, error = answers.get(timeout=30)
        self.assertIsInstance(error, InferenceServerException)
        self.assertEqual(error.status(), "StatusCode.CANCELLED")
        self.client.infer("affine", [ones()])


class StreamTest(GrpcTest):
    def start(self):
        answers = queue.Queue()
        self.client.start_stream(lambda result, error: answers.put((result, error)))
        self.addCleanup(self.client.stop_stream)
        return answers

    def test_many_requests(self):
        answers = self.start()
        for each in range(50):
            x = tensor("x", np.full((1, 4), each, dtype=np.float32), "FP32")
            self.client.async_stream_infer("affine", [x], request_id=str(each))
        found = set()
        for _ in range(50):
            result, error = answers.get(timeout=30)
            self.assertIsNone(error)
            each = int(result.get_response().id)
            np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 2 * each + 1, dtype=np.float32))
            found.add(each)
        self.assertEqual(found, set(range(50)))

    def test_one_that_is_wrong_among_others(self):
        answers = self.start()
        self.client.async_stream_infer("nobody", [ones()], request_id="wrong")
        _, error = answers.get(timeout=30)
        self.assertIn("Request for unknown model: 'nobody' is not found", error.message())
        self.client.async_stream_infer("affine", [ones()], request_id="right", enable_empty_final_response=True)
        result, error = answers.get(timeout=30)
        self.assertIsNone(error)
        self.assertEqual(result.get_response().id, "right")
        self.assertTrue(result.get_response().parameters["triton_final_response"].bool_param)

    def test_leaving_in_the_middle(self):
        answers = self.start()
        for each in range(4):
            self.client.async_stream_infer("slow", [ones()], request_id=str(each))
        self.client.stop_stream(cancel_requests=True)
        self.client.infer("affine", [ones()])

    def test_threads(self):
        clients = [grpc.InferenceServerClient(URL) for _ in range(4)]
        wrong = []

        def work(client):
            for _ in range(10):
                if client.infer("affine", [ones(2)]).as_numpy("y").tolist() != [[3] * 4] * 2:
                    wrong.append(client)

        threads = [threading.Thread(target=work, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class RefusalTest(GrpcTest):
    def infer(self, array, model="affine", datatype="FP32", name="x", **options):
        return self.client.infer(model, [tensor(name, array, datatype)], **options)

    def test_texts(self):
        four = np.ones((1, 4), dtype=np.float32)
        with self.refused("NOT_FOUND", "Request for unknown model: 'nobody' is not found"):
            self.infer(four, model="nobody")
        with self.refused("NOT_FOUND", "Request for unknown model: 'affine' version 7 is not found"):
            self.infer(four, model_version="7")
        with self.refused("INVALID_ARGUMENT", "unexpected inference input 'z' for model 'affine'"):
            self.infer(four, name="z")
        with self.refused("INVALID_ARGUMENT", "expected number of inputs between 2 and 2 but got 1 inputs for model 'shared'"):
            self.infer(np.ones((1, 3), dtype=np.float32), model="shared")
        with self.refused("INVALID_ARGUMENT", "inference input 'x' data-type is 'INT32', but model 'affine' expects 'FP32'"):
            self.infer(four.astype(np.int32), datatype="INT32")
        with self.refused("INVALID_ARGUMENT", r"unexpected shape for input 'x' for model 'affine'. Expected \[-1,4\], got \[1,5\]"):
            self.infer(np.ones((1, 5), dtype=np.float32))
        with self.refused("INVALID_ARGUMENT", "inference request batch-size must be <= [0-9]+ for 'affine'"):
            self.infer(np.ones((1025, 4), dtype=np.float32))
        with self.refused("INVALID_ARGUMENT", "unexpected inference output 'z' for model 'affine'"):
            self.infer(four, outputs=[grpc.InferRequestedOutput("z")])
        with self.refused("INVALID_ARGUMENT", "raised an error"):
            self.client.infer("table", [tensor("ids", np.array([99], dtype=np.int64), "INT64")])
        self.assertTrue(np.isnan(self.infer(-four, model="nan").as_numpy("y")).all())

    def test_strings_that_are_none(self):
        with self.refused("INVALID_ARGUMENT", "element 1 of input 'x' is not valid UTF-8"):
            self.infer(np.array([[b"good", b"\xff"]], dtype=np.object_), model="id_bytes", datatype="BYTES")
        with self.refused("INVALID_ARGUMENT", "element 0 of input 'x' holds a NUL"):
            self.infer(np.array([[b"a\0b"]], dtype=np.object_), model="id_bytes", datatype="BYTES")


if __name__ == "__main__":
    unittest.main()
