import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../core/errors.js';
import { DOCS_POLICY, docsPage, docsScript } from '../docs-page.js';
import { openApiDocument } from '../openapi/document.js';
import { docsFileSchema, documentationOperations } from '../openapi/documentation-operations.js';
import { type Route, sendText } from '../route.js';

/** Of the package: it lies beside dist. */
const OPENAPI_YAML = new URL('../../../openapi.yaml', import.meta.url);
/** Where the build puts the files of Swagger UI. */
const SWAGGER_UI = new URL('../../swagger-ui/', import.meta.url);

type DocsFile = (typeof docsFileSchema)['options'][number];

const types: Record<DocsFile, string> = {
  'docs-page.js': 'text/javascript; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
};

/**
 * The OpenAPI document, and the page that shows it. Files are read when they are first asked for, since few servers ever
 * are; every answer shares their bytes, however many clients take them at the same time.
 */
export function documentationRoutes(version: string): Route[] {
  let json: Buffer | undefined;
  const files = new Map<string, Promise<Buffer>>();
  const bytesOf = (url: URL) => {
    const known = files.get(url.href) ?? readFile(url);
    files.set(url.href, known);
    return known;
  };
  return [
    {
      ...documentationOperations.docs,
      handle: ({ request, response }) => {
        const page = docsPage(request.path.endsWith('/') ? '../' : './');
        sendText(response, 200, page, { type: 'text/html; charset=utf-8', policy: DOCS_POLICY });
      },
    },
    {
      ...documentationOperations.docsFile,
      handle: async ({ request, response }) => {
        const { data: name } = docsFileSchema.safeParse(request.params['file']);
        if (name === undefined) throw new MillraceError('NOT_FOUND', 'There is no such file.', { path: 'file' });
        const bytes = name === 'docs-page.js' ? docsScript : await bytesOf(new URL(name, SWAGGER_UI));
        sendText(response, 200, bytes, { type: types[name] });
      },
    },
    {
      ...documentationOperations.yaml,
      handle: async ({ response }) => {
        sendText(response, 200, await bytesOf(OPENAPI_YAML), { type: 'application/yaml' });
      },
    },
    {
      ...documentationOperations.json,
      handle: ({ response }) => {
        json ??= Buffer.from(JSON.stringify(openApiDocument(version)));
        sendText(response, 200, json);
      },
    },
  ];
}
