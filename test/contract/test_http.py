"""tritonclient.http, the synchronous client, and what it expects of a server."""

import os
import unittest

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

from tensors import EXTREMES, bits, rows

URL = os.environ["MILLRACE_HTTP"]


def tensor(name, array, datatype, binary=True):
    made = http.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


class HttpTest(unittest.TestCase):
    def setUp(self):
        self.client = http.InferenceServerClient(URL, network_timeout=30)
        self.addCleanup(self.client.close)

    def refused(self, status, pattern):
        """A context in which the server must refuse, with a status and a text."""
        test = self

        class Refused:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, InferenceServerException, "nothing was refused")
                test.assertEqual(error.status(), str(status))
                test.assertRegex(error.message(), pattern)
                return True

        return Refused()


class ServerTest(HttpTest):
    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("affine"))
        self.assertTrue(self.client.is_model_ready("affine", "1"))
        self.assertFalse(self.client.is_model_ready("affine", "7"))
        self.assertFalse(self.client.is_model_ready("nobody"))
        self.assertFalse(self.client.is_model_ready("id_bf16"))

    def test_server_metadata(self):
        metadata = self.client.get_server_metadata()
        self.assertEqual(metadata["name"], "millrace")
        self.assertIn("statistics", metadata["extensions"])
        self.assertIn("binary_tensor_data", metadata["extensions"])

    def test_model_metadata(self):
        self.assertEqual(
            self.client.get_model_metadata("affine"),
            {
                "name": "affine",
                "versions": ["1"],
                "platform": "onnxruntime_onnx",
                "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
                "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 4]}],
            },
        )
        with self.refused(404, "Request for unknown model: 'nobody' is not found"):
            self.client.get_model_metadata("nobody")

    def test_bf16_is_unavailable_with_its_reason(self):
        with self.refused(503, "BF16"):
            self.client.get_model_metadata("id_bf16")

    def test_model_config(self):
        config = self.client.get_model_config("affine")
        self.assertGreaterEqual(config["max_batch_size"], 1)
        self.assertEqual(config["input"][0]["dims"], [4])
        self.assertEqual(config["input"][0]["data_type"], "TYPE_FP32")
        unbatched = self.client.get_model_config("shared")
        self.assertEqual(unbatched["max_batch_size"], 0)
        self.assertEqual([each["dims"] for each in unbatched["input"]], [[-1, 3], []])

    def test_repository_index_and_control(self):
        index = {each["name"]: each for each in self.client.get_model_repository_index()}
        self.assertEqual(index["affine"], {"name": "affine", "version": "1", "state": "READY", "reason": ""})
        self.assertEqual(index["id_bf16"]["state"], "UNAVAILABLE")
        self.assertIn("BF16", index["id_bf16"]["reason"])
        with self.refused(503, "explicit model load / unload is not allowed"):
            self.client.load_model("affine")
        with self.refused(503, "explicit model load / unload is not allowed"):
            self.client.unload_model("affine")

    def test_settings(self):
        self.assertEqual(self.client.get_trace_settings()["trace_level"], ["OFF"])
        self.assertEqual(self.client.get_trace_settings("affine")["trace_level"], ["OFF"])
        self.assertIn("log_info", self.client.get_log_settings())
        with self.refused(501, "does not change"):
            self.client.update_trace_settings(settings={"trace_rate": "1"})
        with self.refused(501, "does not change"):
            self.client.update_log_settings({"log_verbose_level": 1})

    def test_shared_memory_is_off(self):
        self.assertEqual(self.client.get_system_shared_memory_status(), [])
        self.assertEqual(self.client.get_cuda_shared_memory_status(), [])
        self.client.unregister_system_shared_memory()
        self.client.unregister_system_shared_memory("region")
        self.client.unregister_cuda_shared_memory()
        with self.refused(501, "not supported"):
            self.client.register_system_shared_memory("region", "/key", 16)


class InferTest(HttpTest):
    def test_every_datatype_in_both_forms_each_way(self):
        for datatype in EXTREMES:
            for sent_binary in (True, False):
                for wanted_binary in (True, False):
                    if datatype == "FP16" and not sent_binary:
                        continue  # The client itself refuses it.
                    with self.subTest(datatype=datatype, sent=sent_binary, wanted=wanted_binary):
                        array = rows(datatype)
                        result = self.client.infer(
                            f"id_{datatype.lower()}",
                            [tensor("x", array, datatype, sent_binary)],
                            outputs=[http.InferRequestedOutput("y", binary_data=wanted_binary)],
                        )
                        self.assertEqual(bits(result.as_numpy("y")), bits(array))
                        self.assertEqual(result.as_numpy("y").shape, array.shape)

    def test_outputs_that_are_not_listed_are_binary(self):
        array = rows("FP32")
        result = self.client.infer("id_fp32", [tensor("x", array, "FP32")])
        self.assertIn("binary_data_size", result.get_output("y")["parameters"])
        self.assertEqual(bits(result.as_numpy("y")), bits(array))

    def test_no_elements(self):
        for binary in (True, False):
            array = np.zeros((2, 0), dtype=np.float32)
            result = self.client.infer(
                "id_fp32", [tensor("x", array, "FP32", binary)], outputs=[http.InferRequestedOutput("y", binary_data=binary)]
            )
            self.assertEqual(result.as_numpy("y").shape, (2, 0))

    def test_several_inputs_in_different_forms(self):
        x = np.array([[1, 2, 3]], dtype=np.float32)
        scale = np.array(2, dtype=np.float32)
        result = self.client.infer("shared", [tensor("x", x, "FP32", binary=False), tensor("scale", scale, "FP32")])
        np.testing.assert_array_equal(result.as_numpy("y"), x * 2)

    def test_megabytes(self):
        array = np.random.default_rng(1).random((4, 600_000 // 4), dtype=np.float32)
        result = self.client.infer("id_fp32", [tensor("x", array, "FP32")])
        self.assertEqual(bits(result.as_numpy("y")), bits(array))

    def test_id_and_version(self):
        array = rows("FP32")
        result = self.client.infer("id_fp32", [tensor("x", array, "FP32")], model_version="1", request_id="mine")
        self.assertEqual(result.get_response()["id"], "mine")
        self.assertEqual(result.get_response()["model_version"], "1")

    def test_priority_timeout_and_own_parameters(self):
        result = self.client.infer(
            "affine",
            [tensor("x", np.ones((1, 4), dtype=np.float32), "FP32")],
            priority=1,
            timeout=10_000_000,
            parameters={"mine": "yes", "count": 3, "flag": True},
        )
        np.testing.assert_array_equal(result.as_numpy("y"), np.full((1, 4), 3, dtype=np.float32))

    def test_timeout(self):
        with self.refused(503, "Request timeout expired"):
            self.client.infer("slow", [tensor("x", np.ones((1, 4), dtype=np.float32), "FP32")], timeout=1_000)

    def test_compression_both_ways(self):
        array = np.zeros((2, 4_000), dtype=np.float32)
        for request in (None, "gzip", "deflate"):
            for response in (None, "gzip", "deflate"):
                for binary in (True, False):
                    with self.subTest(request=request, response=response, binary=binary):
                        result = self.client.infer(
                            "id_fp32",
                            [tensor("x", array, "FP32", binary)],
                            outputs=[http.InferRequestedOutput("y", binary_data=binary)],
                            request_compression_algorithm=request,
                            response_compression_algorithm=response,
                        )
                        self.assertEqual(bits(result.as_numpy("y")), bits(array))

    def test_classification(self):
        x = np.array([[45.5, 17, 196, 3500]], dtype=np.float32)
        for binary in (True, False):
            result = self.client.infer(
                "penguins.tensors",
                [tensor("features", x, "FP32")],
                outputs=[http.InferRequestedOutput("probabilities", binary_data=binary, class_count=2)],
            )
            classes = result.as_numpy("probabilities")
            self.assertEqual(classes.shape, (1, 2))
            first = classes[0][0].decode() if binary else classes[0][0]
            value, index = first.split(":")[:2]
            self.assertGreater(float(value), 0.9)
            self.assertEqual(index, "1")

    def test_a_pipeline_takes_bytes_and_its_labels_are_classes(self):
        items = np.array([[b"[45.5, 17, 196, 3500]"], [b"[50, 15.2, 218, 5700]"]], dtype=np.object_)
        result = self.client.infer(
            "penguins",
            [tensor("input", items, "BYTES")],
            outputs=[http.InferRequestedOutput("output", class_count=1)],
        )
        best = [str(each[0], "utf-8").split(":") for each in result.as_numpy("output")]
        self.assertEqual([each[1:] for each in best], [["1", "Chinstrap"], ["2", "Gentoo"]])

    def test_any_bytes_to_a_pipeline(self):
        files = np.array([[bytes(range(256)) * 8], [b"#!/bin/sh\necho\nexit 0\n"]], dtype=np.object_)
        result = self.client.infer("magika", [tensor("input", files, "BYTES")])
        self.assertIn(b'"shell"', result.as_numpy("output")[1][0])

    def test_async(self):
        array = rows("FP32")
        pending = [self.client.async_infer("id_fp32", [tensor("x", array + each, "FP32")]) for each in range(4)]
        for each, request in enumerate(pending):
            self.assertEqual(bits(request.get_result().as_numpy("y")), bits(array + each))

    def test_statistics(self):
        before = self.client.get_inference_statistics("affine", "1")["model_stats"][0]
        self.client.infer("affine", [tensor("x", np.ones((3, 4), dtype=np.float32), "FP32")])
        after = self.client.get_inference_statistics("affine", "1")["model_stats"][0]
        self.assertEqual(after["inference_count"] - before["inference_count"], 3)
        self.assertEqual(after["execution_count"] - before["execution_count"], 1)
        stats = after["inference_stats"]
        self.assertEqual(stats["success"]["count"] - before["inference_stats"]["success"]["count"], 1)
        parts = sum(stats[each]["ns"] for each in ("queue", "compute_input", "compute_infer", "compute_output"))
        self.assertLessEqual(parts, stats["success"]["ns"])
        self.assertIn("affine", [each["name"] for each in self.client.get_inference_statistics()["model_stats"]])


class RefusalTest(HttpTest):
    def infer(self, array, model="affine", datatype="FP32", name="x", binary=True, **options):
        return self.client.infer(model, [tensor(name, array, datatype, binary)], **options)

    def test_texts(self):
        four = np.ones((1, 4), dtype=np.float32)
        with self.refused(404, "Request for unknown model: 'nobody' is not found"):
            self.infer(four, model="nobody")
        with self.refused(404, "Request for unknown model: 'affine' version 7 is not found"):
            self.infer(four, model_version="7")
        with self.refused(400, "unexpected inference input 'z' for model 'affine'"):
            self.infer(four, name="z")
        with self.refused(400, "expected number of inputs between 2 and 2 but got 1 inputs for model 'shared'"):
            self.infer(np.ones((1, 3), dtype=np.float32), model="shared")
        with self.refused(400, "inference input 'x' data-type is 'INT32', but model 'affine' expects 'FP32'"):
            self.infer(four.astype(np.int32), datatype="INT32")
        with self.refused(400, r"unexpected shape for input 'x' for model 'affine'. Expected \[-1,4\], got \[1,5\]"):
            self.infer(np.ones((1, 5), dtype=np.float32))
        with self.refused(400, "inference request batch-size must be <= [0-9]+ for 'affine'"):
            self.infer(np.ones((1025, 4), dtype=np.float32))
        with self.refused(400, "unexpected inference output 'z' for model 'affine'"):
            self.infer(four, outputs=[http.InferRequestedOutput("z")])
        with self.refused(400, "holds NaN .* in the binary form"):
            self.infer(-four, model="nan", outputs=[http.InferRequestedOutput("y", binary_data=False)])
        self.assertTrue(np.isnan(self.infer(-four, model="nan").as_numpy("y")).all())
        with self.refused(400, "raised an error"):
            self.client.infer("table", [tensor("ids", np.array([99], dtype=np.int64), "INT64")])

    def test_strings_that_are_none(self):
        with self.refused(400, "element 1 of input 'x' is not valid UTF-8"):
            self.infer(np.array([[b"good", b"\xff"]], dtype=np.object_), model="id_bytes", datatype="BYTES")
        with self.refused(400, "element 0 of input 'x' holds a NUL"):
            self.infer(np.array([[b"a\0b"]], dtype=np.object_), model="id_bytes", datatype="BYTES")


if __name__ == "__main__":
    unittest.main()
