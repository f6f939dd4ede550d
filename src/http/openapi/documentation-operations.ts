import { z } from 'zod';
import type { Operation } from './operation.js';

/** What the page at /docs loads. */
export const docsFileSchema = z.enum(['swagger-ui.css', 'swagger-ui-bundle.js', 'docs-page.js']);

export const documentationOperations = {
  welcome: {
    method: 'get',
    path: '/',
    scope: 'public',
    id: 'welcome',
    tag: 'documentation',
    summary: 'What is served, and how to call it, for people',
    description: 'Where keys are asked for, only who sends one with the scope `infer` sees the models.',
    answers: { 200: { description: 'A page of text', content: { 'text/plain': z.string() } } },
  },
  docs: {
    method: 'get',
    path: '/docs',
    scope: 'public',
    id: 'showDocs',
    tag: 'documentation',
    summary: 'This document as a page to read and to try out',
    answers: { 200: { description: 'The page', content: { 'text/html': z.string() } } },
  },
  docsFile: {
    method: 'get',
    path: '/docs/:file',
    scope: 'public',
    id: 'getDocsFile',
    tag: 'documentation',
    summary: 'What the page loads',
    parameters: [{ in: 'path', name: 'file', description: 'The name of a file', schema: docsFileSchema }],
    answers: {
      200: { description: 'The file', content: { 'text/css': z.string(), 'text/javascript': z.string() } },
    },
    errors: ['NOT_FOUND'],
  },
  yaml: {
    method: 'get',
    path: '/openapi.yaml',
    scope: 'public',
    id: 'getOpenApiYaml',
    tag: 'documentation',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1 as YAML', content: { 'application/yaml': z.unknown() } } },
  },
  json: {
    method: 'get',
    path: '/openapi.json',
    scope: 'public',
    id: 'getOpenApiJson',
    tag: 'documentation',
    summary: 'This document as JSON',
    answers: { 200: { description: 'OpenAPI 3.1 as JSON', content: { 'application/json': z.unknown() } } },
  },
} as const satisfies Record<string, Operation>;
