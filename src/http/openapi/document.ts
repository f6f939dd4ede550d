import { componentSchemas } from './component-schemas.js';
import { componentHeaders } from './documented-headers.js';
import { ErrorAnswers } from './error-answers.js';
import { tags } from './operation.js';
import { operationObject, parameterObject } from './operation-object.js';
import { operations } from './operations.js';
import { everywhere } from './shared-parameters.js';

const description = `
A server for ONNX models: \`GET /models\` says which, \`POST /predict\` asks one.

Errors are problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with a \`code\` that stays what it is; each
operation lists the codes that it may answer. Besides, a path that is not listed here answers 404 with \`NOT_FOUND\`, and a
method that is not listed 405 with \`METHOD_NOT_ALLOWED\` and the header \`Allow\`. Wherever there is GET there is HEAD.
Below \`/v2\` errors are those of the Open Inference Protocol, \`{"error": "…"}\`, with its statuses; the codes stand in the log
and in docs/errors.md. What is no HTTP request at all is answered with problem details everywhere.
Later versions may add members to answers: pass over those that you do not know.

A server on an address that other machines reach asks for a key, unless it was told to let everybody in. Each operation names the scope that the key needs.
`.trim();

/**
 * The API as an OpenAPI 3.1 document, made from the table of operations and the schemas that validate.
 *
 * @param version of the server
 */
export function openApiDocument(version: string): object {
  const errors = new ErrorAnswers();
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: operationObject(operation, errors) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace',
      version,
      summary: 'A multi-model inference server',
      description,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    // Of the document's own address: a proxy may have put another path before it.
    servers: [{ url: '.' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths,
    components: {
      schemas: componentSchemas(),
      parameters: Object.fromEntries(everywhere.map((parameter) => [parameter.name, parameterObject(parameter)])),
      headers: componentHeaders(),
      responses: errors.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The key as `Authorization: Bearer KEY`' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'The same key as `X-Api-Key: KEY`' },
      },
    },
  };
}
