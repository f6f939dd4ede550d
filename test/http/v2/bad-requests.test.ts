import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { affine, gatherTable, identity, nanForNegative, sharedInput } from '../../support/fixture-models.js';
import { model, node } from '../../support/model-parts.js';
import { sums } from '../../support/pipeline-models.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';
import { askV2, byteElements, type V2Request, withTail } from '../../support/v2-client.js';

let server: TestServer;

before(async () => {
  server = await startTestServer(
    {
      ...sums,
      'affine/model.onnx': affine(),
      'affine/model.yaml': 'batching: { max_batch_size: 4 }',
      'shared.onnx': sharedInput(),
      'table.onnx': gatherTable(),
      'nan.onnx': nanForNegative(),
      'pair.onnx': model({ x: ['N', 2], z: ['N', 2] }, { y: ['N', 2] }, [node('Add', ['x', 'z'], 'y')]),
      'long.onnx': identity('INT64', ['N']),
      'bool.onnx': identity('BOOL', ['N']),
      'text.onnx': identity('BYTES', ['N']),
      'wide.onnx': identity('FP32', ['N', 'a', 'b']),
      'bf16.onnx': identity('BF16', ['N']),
    },
    { limits: { body_bytes: 100_000, max_rows: 6 }, model_code: true },
  );
});
after(() => server.stop());

const x = { name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] };
const raw = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
const binary = (size: number) => ({
  name: 'x',
  shape: [1, 4],
  datatype: 'FP32',
  parameters: { binary_data_size: size },
});

type Row = [what: string, model: string, request: V2Request, status: number, error: RegExp | string];

/** Each text of Triton's that this server can give, and those of its own, with the request that provokes it. */
const table: Row[] = [
  ['an unknown model', 'nobody', { body: { inputs: [x] } }, 404, "Request for unknown model: 'nobody' is not found"],
  ['a misspelt model', 'affinn', { body: { inputs: [x] } }, 404, /is not found. Did you mean affine\?/],
  [
    'an unknown version',
    'affine/versions/7',
    { body: { inputs: [x] } },
    404,
    "Request for unknown model: 'affine' version 7 is not found",
  ],
  ['a model that cannot be loaded', 'bf16', { body: { inputs: [x] } }, 503, /'bf16' is not at ready state: .*BF16/],
  [
    'an input that the model lacks',
    'affine',
    { body: { inputs: [x, { ...x, name: 'z' }] } },
    400,
    "unexpected inference input 'z' for model 'affine'",
  ],
  [
    'an input too few',
    'shared',
    { body: { inputs: [{ ...x, shape: [1, 3], data: [1, 2, 3] }] } },
    400,
    "expected number of inputs between 2 and 2 but got 1 inputs for model 'shared'. Got input(s) ['x'], but missing " +
      "required input(s) ['scale']. Please provide all required input(s).",
  ],
  ['an input twice', 'affine', { body: { inputs: [x, x] } }, 400, "input 'x' already exists in request"],
  [
    'inputs of different numbers of rows',
    'pair',
    {
      body: {
        inputs: [
          { ...x, shape: [2, 2] },
          { ...x, name: 'z', shape: [1, 2], data: [1, 2] },
        ],
      },
    },
    400,
    "input 'z' batch size does not match other inputs for 'pair'",
  ],
  [
    'more rows than a request may hold',
    'affine',
    { body: { inputs: [{ ...x, shape: [7, 4], data: new Array(28).fill(0) }] } },
    400,
    "inference request batch-size must be <= 6 for 'affine'",
  ],
  [
    'more items than a request may hold',
    'sums',
    { body: { inputs: [{ name: 'input', shape: [7], datatype: 'BYTES', data: new Array(7).fill('1 2 3 4') }] } },
    400,
    "inference request batch-size must be <= 6 for 'sums'",
  ],
  [
    'another datatype',
    'affine',
    { body: { inputs: [{ ...x, datatype: 'FP64' }] } },
    400,
    "inference input 'x' data-type is 'FP64', but model 'affine' expects 'FP32'",
  ],
  [
    'a datatype that is none',
    'affine',
    { body: { inputs: [{ ...x, datatype: 'BF16' }] } },
    400,
    /^inference input 'x' data-type is 'BF16', which is none of BOOL, /,
  ],
  [
    'another shape',
    'affine',
    { body: { inputs: [{ ...x, shape: [4] }] } },
    400,
    "unexpected shape for input 'x' for model 'affine'. Expected [-1,4], got [4].",
  ],
  [
    'more dimensions than there are',
    'wide',
    { body: { inputs: [{ ...x, shape: [1, 1, 2, 2] }] } },
    400,
    "unexpected shape for input 'x' for model 'wide'. Expected [-1,-1,-1], got [1,1,2,2].",
  ],
  [
    'an output that there is none of',
    'affine',
    { body: { inputs: [x], outputs: [{ name: 'z' }] } },
    400,
    "unexpected inference output 'z' for model 'affine'",
  ],
  [
    'an output twice',
    'affine',
    { body: { inputs: [x], outputs: [{ name: 'y' }, { name: 'y' }] } },
    400,
    "output 'y' already exists in request",
  ],
  [
    'data in no place',
    'affine',
    { body: { inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32' }] } },
    400,
    "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', " +
      "'shared_memory_region' in 'parameters'. But input 'x' set none of them.",
  ],
  [
    'data in two places',
    'affine',
    withTail({ inputs: [{ ...x, ...binary(16), data: [1] }] }, raw),
    400,
    /But input 'x' set 'data' and 'binary_data_size'\.$/,
  ],
  [
    'data in shared memory',
    'affine',
    { body: { inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', parameters: { shared_memory_region: 'r' } }] } },
    400,
    /^Unable to find shared memory region: 'r'/,
  ],
  [
    'an output to shared memory',
    'affine',
    { body: { inputs: [x], outputs: [{ name: 'y', parameters: { shared_memory_region: 'r' } }] } },
    400,
    /^Unable to find shared memory region: 'r'/,
  ],
  [
    'a number of bytes that is none',
    'affine',
    withTail({ inputs: [{ ...binary(16), parameters: { binary_data_size: -16 } }] }, raw),
    400,
    /^Unable to parse 'binary_data_size' of input 'x': expected a number of bytes, got the number -16/,
  ],
  [
    'fewer bytes than the input says',
    'affine',
    withTail({ inputs: [binary(16)] }, raw.subarray(4)),
    400,
    "unexpected size for input 'x', expecting 4 additional bytes for model 'affine'",
  ],
  [
    'more bytes than the inputs say',
    'affine',
    withTail({ inputs: [binary(16)] }, raw, Buffer.alloc(3)),
    400,
    "unexpected additional input data for model 'affine': 3 bytes behind the last input",
  ],
  [
    'other bytes than the shape needs',
    'affine',
    withTail({ inputs: [binary(12)] }, raw.subarray(4)),
    400,
    "unexpected size for input 'x', expecting 16 bytes but got 12 bytes for model 'affine'",
  ],
  [
    'elements cut off',
    'text',
    withTail(
      { inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 6 } }] },
      byteElements('abc').subarray(0, 6),
    ),
    400,
    "incomplete string data for inference input 'x', expecting string of length 3 but only 2 bytes available",
  ],
  [
    'a JSON part longer than the body',
    'affine',
    { body: '{"inputs":[]}', headers: { 'inference-header-content-length': '14' } },
    400,
    'inference header size should be in range (0, 13), got: 14',
  ],
  [
    'a JSON part of a negative length',
    'affine',
    { body: '{}', headers: { 'inference-header-content-length': '-1' } },
    400,
    'inference header size should be in range (0, 2), got: -1',
  ],
  [
    'a JSON part without a length',
    'affine',
    { body: '{}', headers: { 'inference-header-content-length': 'all' } },
    400,
    'inference header size should be in range (0, 2), got: all',
  ],
  [
    'fewer elements than the shape needs',
    'affine',
    { body: { inputs: [{ ...x, data: [[1, 2], [3]] }] } },
    400,
    "Unable to parse 'data' of input 'x': shape does not match true shape of 'data' field, expecting 4 elements but got 3",
  ],
  [
    'data that is no array',
    'affine',
    { body: { inputs: [{ ...x, data: 'AAAA' }] } },
    400,
    /^Unable to parse 'data' of input 'x': expected an array, got the string "AAAA"/,
  ],
  [
    'an element of another kind',
    'affine',
    { body: { inputs: [{ ...x, data: [1, 2, '3', 4] }] } },
    400,
    /inputs\[0\]\.data\[2\]; expected a number that FP32 can hold; got the string "3"/,
  ],
  [
    'null for a number',
    'affine',
    { body: { inputs: [{ ...x, data: [1, null, 3, 4] }] } },
    400,
    /inputs\[0\]\.data\[1\]; expected a number .* got null/,
  ],
  [
    'an integer beyond the datatype',
    'long',
    { body: '{"inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":[1,9223372036854775808]}]}' },
    400,
    /inputs\[0\]\.data\[1\]; expected a whole number from -9223372036854775808 to 9223372036854775807; got .*9223372036854775808/,
  ],
  [
    'numbers for BOOL',
    'bool',
    { body: { inputs: [{ name: 'x', shape: [1], datatype: 'BOOL', data: [1] }] } },
    400,
    /expected true or false; got the number 1/,
  ],
  [
    'bytes for BOOL that are neither',
    'bool',
    withTail(
      { inputs: [{ name: 'x', shape: [2], datatype: 'BOOL', parameters: { binary_data_size: 2 } }] },
      Buffer.of(1, 2),
    ),
    400,
    "element 1 of input 'x' is no BOOL: expected 0 or 1, got 2",
  ],
  [
    'a string with half a surrogate pair',
    'text',
    { body: '{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["\\ud800"]}]}' },
    400,
    /inputs\[0\]\.data\[0\]; expected a string of valid Unicode/,
  ],
  [
    'bytes that are no string',
    'text',
    withTail(
      { inputs: [{ name: 'x', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } }] },
      byteElements('a', Buffer.of(0xff)),
    ),
    400,
    "element 1 of input 'x' is not valid UTF-8; the model takes strings",
  ],
  [
    'a string with a NUL',
    'text',
    { body: { inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', data: ['a\0b'] }] } },
    400,
    "element 0 of input 'x' holds a NUL; the model takes strings",
  ],
  [
    'an item that the pipeline does not take',
    'sums',
    { body: { inputs: [{ name: 'input', shape: [2, 1], datatype: 'BYTES', data: ['1 2 3 4', '1 2'] }] } },
    400,
    /These are not four numbers\. .*input\[1\]/,
  ],
  [
    'classes of what has no order',
    'bool',
    {
      body: {
        inputs: [{ name: 'x', shape: [1], datatype: 'BOOL', data: [true] }],
        outputs: [{ name: 'y', parameters: { classification: 1 } }],
      },
    },
    400,
    "class result not available for output 'y' due to unsupported type 'BOOL'",
  ],
  [
    'a number of classes that is none',
    'affine',
    { body: { inputs: [x], outputs: [{ name: 'y', parameters: { classification: -1 } }] } },
    400,
    /^Unable to parse 'classification' of output 'y': expected a number of classes, got the number -1/,
  ],
  [
    'a form of outputs that is none',
    'affine',
    { body: { inputs: [x], outputs: [{ name: 'y', parameters: { binary_data: 'yes' } }] } },
    400,
    /^Unable to parse 'binary_data': expected true or false, got the string "yes"/,
  ],
  [
    'a parameter that Triton keeps for itself',
    'affine',
    { body: { inputs: [x], parameters: { triton_enable_empty_final_response: true } } },
    400,
    /^parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified/,
  ],
  [
    'a negative timeout',
    'affine',
    { body: { inputs: [x], parameters: { timeout: -1 } } },
    400,
    /^parameter 'timeout' must be a whole number that is not negative/,
  ],
  ['no inputs', 'affine', { body: {} }, 400, /^failed to parse the request: inputs: expected array; got nothing/],
  ['no JSON', 'affine', { body: '{"inputs":' }, 400, /^The body is not JSON/],
  ['an empty body', 'affine', { body: '' }, 400, /^The body is empty/],
  [
    'a negative dimension',
    'affine',
    { body: { inputs: [{ ...x, shape: [-1, 4] }] } },
    400,
    /^failed to parse the request: inputs\[0\]\.shape\[0\]: expected number to be >=0; got the number -1/,
  ],
  [
    'a shape with more elements than numbers can count',
    'affine',
    { body: { inputs: [{ ...x, shape: [2 ** 40, 2 ** 40] }] } },
    400,
    /is not possible/,
  ],
  [
    'JSON that nests too deep',
    'affine',
    { body: `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":${'['.repeat(99)}${']'.repeat(99)}}]}` },
    400,
    /nests too deep/,
  ],
  [
    'a compression that is not taken',
    'affine',
    { body: '{}', headers: { 'content-encoding': 'zstd' } },
    501,
    /compressed in a way that is not taken here/,
  ],
  [
    'what is not compressed as it says',
    'affine',
    { body: '{}', headers: { 'content-encoding': 'gzip' } },
    400,
    /is not what its Content-Encoding header says/,
  ],
  [
    'a body that inflates to more than allowed',
    'affine',
    { body: gzipSync(Buffer.alloc(200_000)), headers: { 'content-encoding': 'gzip' } },
    413,
    /larger than allowed once it is inflated/,
  ],
  ['a body larger than allowed', 'affine', { body: Buffer.alloc(100_001) }, 413, /larger than allowed/],
  [
    'raw bytes for several inputs',
    'shared',
    { body: raw, headers: { 'inference-header-content-length': '0' } },
    400,
    /^raw binary request: model 'shared' must have exactly one input, but has 2/,
  ],
  [
    'raw bytes whose shape nobody can tell',
    'wide',
    { body: raw, headers: { 'inference-header-content-length': '0' } },
    400,
    /^raw binary request: the shape of input 'x' of model 'wide' cannot be told from its length/,
  ],
  [
    'raw bytes of another length',
    'affine',
    { body: raw.subarray(4), headers: { 'inference-header-content-length': '0' } },
    400,
    "unexpected size for input 'x', expecting 16 bytes but got 12 bytes for model 'affine'",
  ],
  [
    'values that the model refuses',
    'table',
    { body: { inputs: [{ name: 'ids', shape: [1], datatype: 'INT64', data: [99] }] } },
    400,
    /^The model raised an error: /,
  ],
  [
    'an answer that JSON cannot say',
    'nan',
    { body: { inputs: [{ ...x, data: [1, -1, 1, 1] }] } },
    400,
    "output 'y' holds NaN in element 1, which JSON cannot say; ask for the output in the binary form, with " +
      "'binary_data': true in its parameters",
  ],
];

describe('a request that is wrong', () => {
  for (const [what, model, request, status, error] of table) {
    it(`such as ${what} is told what`, async () => {
      const reply = await askV2(server.millrace, `/v2/models/${model}/infer`, request);
      assert.equal(reply.status, status, reply.text);
      assert.deepEqual(Object.keys(reply.json), ['error']);
      assert.equal(reply.headers.get('content-type'), 'application/json');
      assert.ok(reply.headers.get('x-request-id'));
      if (typeof error === 'string') assert.equal(reply.json.error, error);
      else assert.match(reply.json.error ?? '', error);
    });
  }

  it('gets the codings that are taken, where its own is not', async () => {
    const headers = { 'content-encoding': 'br2' };
    const reply = await askV2(server.millrace, '/v2/models/affine/infer', { body: '{}', headers });
    assert.equal(reply.headers.get('accept-encoding'), 'gzip, deflate');
  });

  it('is counted as a failure of the model', async () => {
    const failed = async () => {
      const { json } = await askV2(server.millrace, '/v2/models/affine/stats');
      const [stats] = json['model_stats'] as { inference_stats: { fail: { count: number } } }[];
      return stats?.inference_stats.fail.count ?? 0;
    };
    const before = await failed();
    await askV2(server.millrace, '/v2/models/affine/infer', { body: { inputs: [{ ...x, shape: [4] }] } });
    assert.equal(await failed(), before + 1);
  });
});
