"""The public clients of server reflection and of the health checking protocol, which know nothing of this server."""

import os
import unittest

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import model_config_pb2, service_pb2

URL = os.environ["MILLRACE_GRPC"]
SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "inference.GRPCInferenceService",
]


class ChannelTest(unittest.TestCase):
    def setUp(self):
        self.channel = grpc.insecure_channel(URL)
        self.addCleanup(self.channel.close)


class HealthTest(ChannelTest):
    def test_check_and_watch(self):
        stub = health_pb2_grpc.HealthStub(self.channel)
        for service in ("", "inference.GRPCInferenceService"):
            request = health_pb2.HealthCheckRequest(service=service)
            self.assertEqual(stub.Check(request).status, health_pb2.HealthCheckResponse.SERVING)
        watching = stub.Watch(health_pb2.HealthCheckRequest())
        self.assertEqual(next(watching).status, health_pb2.HealthCheckResponse.SERVING)
        watching.cancel()
        with self.assertRaises(grpc.RpcError) as refused:
            stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
        self.assertEqual(refused.exception.code(), grpc.StatusCode.NOT_FOUND)


class ReflectionTest(ChannelTest):
    def setUp(self):
        super().setUp()
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = DescriptorPool(self.database)

    def test_services(self):
        self.assertEqual(sorted(self.database.get_services()), SERVICES)
        for name in SERVICES:
            self.assertEqual(self.pool.FindServiceByName(name).full_name, name)

    def test_the_protocol_is_the_one_that_clients_were_made_for(self):
        ours = self.pool.FindServiceByName("inference.GRPCInferenceService")
        theirs = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
        self.assertEqual([each.name for each in ours.methods], [each.name for each in theirs.methods])
        for method in theirs.methods:
            own = ours.methods_by_name[method.name]
            self.assertEqual(own.input_type.full_name, method.input_type.full_name)
            self.assertEqual(own.output_type.full_name, method.output_type.full_name)
            streams = [(each.client_streaming, each.server_streaming) for each in (own, method)]
            self.assertEqual(streams[0], streams[1], method.name)
        for name, message in service_pb2.DESCRIPTOR.message_types_by_name.items():
            self.assertEqual(fields(ours.file.message_types_by_name[name]), fields(message))
        # Of the model configuration there is only what means something here.
        for name, message in ours.file.message_types_by_name.items():
            if name in service_pb2.DESCRIPTOR.message_types_by_name:
                continue
            whole = fields(model_config_pb2.DESCRIPTOR.message_types_by_name[name])
            for each, form in fields(message).items():
                self.assertEqual(form, whole[each], each)

    def test_a_call_with_what_reflection_says_alone(self):
        method = self.pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name["ModelInfer"]
        request_class = message_factory.GetMessageClass(method.input_type)
        response_class = message_factory.GetMessageClass(method.output_type)
        call = self.channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString,
        )
        request = request_class(model_name="affine", id="reflected")
        made = request.inputs.add(name="x", datatype="FP32", shape=[1, 4])
        made.contents.fp32_contents.extend([1, 2, 3, 4])
        self.assertEqual(call(request).id, "reflected")


def fields(message):
    """All fields of a message and of those inside it, by name: number, type, whether repeated, and of which message."""
    found = {}
    for each in message.fields:
        kind = each.message_type or each.enum_type
        oneof = each.containing_oneof and each.containing_oneof.name
        found[each.full_name] = (each.number, each.type, each.is_repeated, kind and kind.full_name, oneof)
    for nested in message.nested_types:
        found.update(fields(nested))
    return found


if __name__ == "__main__":
    unittest.main()
