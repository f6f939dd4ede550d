"""What the Open Inference Protocol says that answers look like, held against live ones, without any client between."""

import json
import os
import unittest
import urllib.error
import urllib.request

from jsonschema import Draft202012Validator

URL = "http://" + os.environ["MILLRACE_HTTP"]

NAME = {"type": "string", "minLength": 1}
DATATYPE = {
    "enum": "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split(),
}
PARAMETERS = {"type": "object", "additionalProperties": {"type": ["boolean", "integer", "string", "number"]}}


def of(required, **optional):
    """An object with these members and no others."""
    properties = {**required, **optional}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def listed(items):
    return {"type": "array", "items": items}


METADATA_TENSOR = of({"name": NAME, "datatype": DATATYPE, "shape": listed({"type": "integer", "minimum": -1})})
RESPONSE_OUTPUT = of(
    {"name": NAME, "datatype": DATATYPE, "shape": listed({"type": "integer", "minimum": 0}), "data": listed({})},
    parameters=PARAMETERS,
)

SERVER_LIVE = of({"live": {"type": "boolean"}})
SERVER_READY = of({"ready": {"type": "boolean"}})
MODEL_READY = of({"name": NAME, "ready": {"type": "boolean"}})
SERVER_METADATA = of({"name": NAME, "version": NAME, "extensions": listed(NAME)})
MODEL_METADATA = of(
    {"name": NAME, "platform": NAME, "inputs": listed(METADATA_TENSOR), "outputs": listed(METADATA_TENSOR)},
    versions=listed(NAME),
)
INFERENCE_RESPONSE = of(
    {"model_name": NAME, "outputs": listed(RESPONSE_OUTPUT)}, model_version=NAME, id={"type": "string"}, parameters=PARAMETERS
)
ERROR = of({"error": NAME})


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data=data)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


class SchemaTest(unittest.TestCase):
    def holds(self, schema, path, body=None, status=200):
        got, document = ask(path, body)
        self.assertEqual(got, status, document)
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
        self.assertEqual(errors, [], path)
        return document

    def test_health_and_metadata(self):
        self.holds(SERVER_LIVE, "/v2/health/live")
        self.holds(SERVER_READY, "/v2/health/ready")
        self.holds(SERVER_METADATA, "/v2")
        for model in ("affine", "affine/versions/1", "shared", "penguins", "penguins.tensors", "id_bytes"):
            self.holds(MODEL_METADATA, f"/v2/models/{model}")
            self.holds(MODEL_READY, f"/v2/models/{model}/ready")

    def test_inference(self):
        inputs = [{"name": "x", "datatype": "FP32", "shape": [2, 4], "data": [[1, 2, 3, 4], [5, 6, 7, 8]]}]
        answer = self.holds(INFERENCE_RESPONSE, "/v2/models/affine/infer", {"id": "a", "inputs": inputs})
        self.assertEqual(answer["id"], "a")
        self.assertEqual(answer["outputs"][0]["data"], [3, 5, 7, 9, 11, 13, 15, 17])
        self.assertNotIn("id", self.holds(INFERENCE_RESPONSE, "/v2/models/affine/versions/1/infer", {"inputs": inputs}))

    def test_errors(self):
        self.holds(ERROR, "/v2/models/nobody", status=404)
        self.holds(ERROR, "/v2/models/nobody/ready", status=404)
        self.holds(ERROR, "/v2/models/nobody/infer", {"inputs": []}, status=404)
        self.holds(ERROR, "/v2/models/affine/infer", {"inputs": []}, status=400)
        self.holds(ERROR, "/v2/models/affine/infer", {"inputs": 1}, status=400)
        self.holds(ERROR, "/v2/nothing", status=404)
        self.holds(ERROR, "/v2/models/affine/infer", status=405)


if __name__ == "__main__":
    unittest.main()
