import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Datatype, datatypes } from '#src/tensor/datatype.js';
import { identity } from '../../support/fixture-models.js';
import { propertyRuns } from '../../support/property-runs.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';
import { askV2, byteElements, type V2Reply, withTail } from '../../support/v2-client.js';

/*
 * y = x for every datatype: what goes in must come out bit by bit, in whichever form it comes and goes. The bytes and
 * the texts are made here by DataView and JavaScript's own numbers, and by none of the server's code.
 */

const all = Object.keys(datatypes) as Datatype[];
const MAX_ROWS = 4;

let server: TestServer;

before(async () => {
  const models = all.flatMap((datatype) => [
    [`${datatype}_3/model.onnx`, identity(datatype, ['N', 'a', 'b'])],
    [`${datatype}_3/model.yaml`, `batching: { max_batch_size: ${MAX_ROWS} }`],
    [`${datatype}_0/model.onnx`, identity(datatype, [])],
  ]);
  server = await startTestServer(Object.fromEntries(models));
});
after(() => server.stop());

/** One element in both forms. */
interface Element {
  readonly raw: Uint8Array;
  readonly text: string;
  /** Whether JSON can say it. */
  readonly isSayable: boolean;
}

function numeric(bytes: number, write: (view: DataView) => string | undefined): Element {
  const raw = new Uint8Array(bytes);
  const text = write(new DataView(raw.buffer));
  return { raw, text: text ?? '0', isSayable: text !== undefined };
}

function integers(bits: 8 | 16 | 32, signed: boolean): fc.Arbitrary<Element> {
  const [min, max] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  const setter = `set${signed ? 'Int' : 'Uint'}${bits}` as
    | 'setInt8'
    | 'setUint8'
    | 'setInt16'
    | 'setUint16'
    | 'setInt32'
    | 'setUint32';
  return fc.integer({ min, max }).map((value) =>
    numeric(bits / 8, (view) => {
      view[setter](0, value, true);
      return String(value);
    }),
  );
}

function longs(min: bigint, max: bigint): fc.Arbitrary<Element> {
  return fc.bigInt({ min, max }).map((value) =>
    numeric(8, (view) => {
      view.setBigUint64(0, BigInt.asUintN(64, value), true);
      return String(value);
    }),
  );
}

/** Any bits, and those of small numbers; the text is the shortest of the double that they stand for. */
function floats(bytes: 2 | 4 | 8): fc.Arbitrary<Element> {
  const bits = fc.uint8Array({ minLength: bytes, maxLength: bytes });
  return bits.map((raw) => {
    const view = new DataView(raw.buffer, raw.byteOffset);
    const value =
      bytes === 2
        ? halfValue(view.getUint16(0, true))
        : bytes === 4
          ? view.getFloat32(0, true)
          : view.getFloat64(0, true);
    return { raw, text: Object.is(value, -0) ? '-0.0' : String(value), isSayable: Number.isFinite(value) };
  });
}

/** IEEE 754 binary16 by its definition. */
function halfValue(bits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const strings = fc.string({ unit: 'grapheme', maxLength: 5 }).filter((text) => !text.includes('\0'));

const elements: Record<Datatype, fc.Arbitrary<Element>> = {
  BOOL: fc.boolean().map((value) => ({ raw: Uint8Array.of(Number(value)), text: String(value), isSayable: true })),
  UINT8: integers(8, false),
  UINT16: integers(16, false),
  UINT32: integers(32, false),
  UINT64: longs(0n, 2n ** 64n - 1n),
  INT8: integers(8, true),
  INT16: integers(16, true),
  INT32: integers(32, true),
  INT64: longs(-(2n ** 63n), 2n ** 63n - 1n),
  FP16: floats(2),
  FP32: floats(4),
  FP64: floats(8),
  BYTES: strings.map((text) => ({ raw: byteElements(text), text: JSON.stringify(text), isSayable: true })),
};

interface Case {
  readonly model: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly elements: readonly Element[];
}

function casesOf(datatype: Datatype): fc.Arbitrary<Case> {
  const size = fc.integer({ min: 0, max: 4 });
  const shapes = fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 6, arbitrary: fc.tuple(size, size, size) },
  );
  return shapes.chain((shape: readonly number[]) => {
    const length = shape.reduce((product, each) => product * each, 1);
    return fc
      .array(elements[datatype], { minLength: length, maxLength: length })
      .map((list) => ({ model: `${datatype}_${shape.length}`, datatype, shape, elements: list }));
  });
}

/** Flat, or nested by the shape. */
function jsonData({ shape, elements: list }: Case, nested: boolean): string {
  if (!nested || shape.length === 0) return `[${list.map(({ text }) => text).join()}]`;
  let next = 0;
  const at = (axis: number): string => {
    if (axis === shape.length) return list[next++]?.text ?? '';
    return `[${Array.from({ length: shape[axis] as number }, () => at(axis + 1)).join()}]`;
  };
  return at(0);
}

function send(each: Case, { binaryIn, binaryOut, nested }: { binaryIn: boolean; binaryOut: boolean; nested: boolean }) {
  const { model, datatype, shape } = each;
  const outputs = [{ name: 'y', parameters: { binary_data: binaryOut } }];
  const path = `/v2/models/${model}/infer`;
  if (!binaryIn) {
    const head = `"name":"x","shape":[${shape.join()}],"datatype":"${datatype}"`;
    const body = `{"inputs":[{${head},"data":${jsonData(each, nested)}}],"outputs":${JSON.stringify(outputs)}}`;
    return askV2(server.millrace, path, { body });
  }
  const raw = Buffer.concat(each.elements.map((element) => element.raw));
  const inputs = [{ name: 'x', shape, datatype, parameters: { binary_data_size: raw.length } }];
  return askV2(server.millrace, path, withTail({ inputs, outputs }, raw));
}

function assertSame({ status, text, json, tail }: V2Reply, each: Case, binaryOut: boolean): void {
  const { datatype, shape, elements: list } = each;
  assert.equal(status, 200, text);
  const [output] = json.outputs ?? [];
  assert.deepEqual([output?.name, output?.datatype, output?.shape], ['y', datatype, shape]);
  if (binaryOut) {
    const raw = Buffer.concat(list.map((element) => element.raw));
    assert.equal(output?.parameters?.binary_data_size, raw.length);
    assert.equal(tail.toString('hex'), raw.toString('hex'));
    return;
  }
  assert.equal(tail.length, 0);
  if (datatype === 'BYTES') {
    assert.deepEqual(
      output?.data,
      list.map((element) => JSON.parse(element.text) as string),
    );
    return;
  }
  // The digits themselves: JSON.parse would round those of 64-bit integers.
  const [, data = ''] = /"data":\[([^\]]*)\]/.exec(text) ?? [];
  const got = data === '' ? [] : data.split(',');
  assert.equal(got.length, list.length);
  for (const [index, written] of got.entries()) {
    const { text: sent = '' } = list[index] ?? {};
    if (datatype.startsWith('FP'))
      assert.ok(Object.is(rounded(Number(written), datatype), Number(sent)), `${written} for ${sent}`);
    else assert.equal(written, sent);
  }
}

/** What an answer's number stands for in its datatype. Half floats are written as float32, which holds them. */
function rounded(value: number, datatype: Datatype): number {
  return datatype === 'FP64' ? value : Math.fround(value);
}

describe('an identity model gives back what it was sent', () => {
  for (const datatype of all) {
    it(`bit by bit for ${datatype}, in JSON and binary, whatever the shape`, async () => {
      const ways = fc.record({ binaryIn: fc.boolean(), binaryOut: fc.boolean(), nested: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(casesOf(datatype), ways, async (each, way) => {
          fc.pre((way.binaryIn && way.binaryOut) || each.elements.every(({ isSayable }) => isSayable));
          assertSame(await send(each, way), each, way.binaryOut);
        }),
        propertyRuns(40),
      );
    });
  }
});
