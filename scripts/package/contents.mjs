// What may be in the package, and how much of it.

/** Bytes of the archive. */
export const MOST_PACKED_BYTES = 8_000_000;
/** Bytes of all but the models, unpacked. */
const MOST_CODE_BYTES = 5_000_000;

const allowed = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|openapi\.yaml)$/,
  /^docs\/[\w-]+\.md$/,
  /^dist\/([\w-]+\/)*[\w-]+(\.d\.ts|\.js)$/,
  /^dist\/swagger-ui\/(LICENSE|NOTICE|swagger-ui\.css|swagger-ui-bundle\.js(\.LICENSE\.txt)?)$/,
  /^proto\/[\w-]+\.proto$/,
  /^models\/[\w.-]+\/(LICENSE|NOTICE|model\.yaml|[\w.-]+\.(json|txt|md|mjs))$/,
  /^models\/[\w.-]+\/\d+\/model\.onnx$/,
];

const needed = [
  'package.json',
  'README.md',
  'LICENSE',
  'openapi.yaml',
  'docs/configuration.md',
  'dist/main.js',
  'dist/server.js',
  'dist/server.d.ts',
  'dist/runtime/worker-main.js',
  'dist/swagger-ui/swagger-ui-bundle.js',
  'dist/grpc/grpc-server.js',
  'proto/inference.proto',
  'models/penguins/1/model.onnx',
];

/**
 * @param files of `npm pack --json`
 * @returns a line for each thing that is wrong
 */
export function faultsOf(files) {
  const paths = files.map(({ path }) => path);
  const code = files.filter(({ path }) => !path.startsWith('models/')).reduce((sum, { size }) => sum + size, 0);
  return [
    ...paths
      .filter((path) => !allowed.some((pattern) => pattern.test(path)))
      .map((path) => `${path} has no business there`),
    ...needed.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
    ...files
      .filter(({ path, mode }) => path === 'dist/main.js' && (mode & 0o111) === 0)
      .map(() => 'the command cannot be executed'),
    ...(code > MOST_CODE_BYTES ? [`${code} bytes without the models`] : []),
  ];
}
