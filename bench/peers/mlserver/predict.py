"""The model as MLServer runs it."""
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

from runner import Runner


class Predict(MLModel):
    async def load(self) -> bool:
        self.runner = Runner()
        return True

    async def predict(self, payload):
        x = NumpyCodec.decode_input(payload.inputs[0])
        y = self.runner.run(x.astype("float32", copy=False))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output(self.runner.output_name, y)])
