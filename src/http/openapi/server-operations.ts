import { z } from 'zod';
import { liveSchema, readySchema, versionSchema } from '../server-answers.js';
import type { Operation } from './operation.js';

const json = 'application/json';

export const serverOperations = {
  live: {
    method: 'get',
    path: '/healthz/live',
    scope: 'public',
    id: 'isLive',
    tag: 'operations',
    summary: 'Whether the process can answer',
    answers: { 200: { description: 'It can', content: { [json]: liveSchema } } },
    examples: {
      live: { summary: 'A server that runs', status: 200, answer: { type: json, value: { live: true } } },
    },
  },
  ready: {
    method: 'get',
    path: '/healthz/ready',
    scope: 'public',
    id: 'isReady',
    tag: 'operations',
    summary: 'Whether requests should be sent here',
    description:
      'Once every model has left `LOADING` and one is `READY`, or there are none; and not while the server shuts down.',
    answers: {
      200: { description: 'They should', content: { [json]: readySchema } },
      503: { description: 'They should not, or not yet', content: { [json]: readySchema } },
    },
    examples: {
      ready: { summary: 'A server that is ready', status: 200, answer: { type: json, value: { ready: true } } },
    },
  },
  version: {
    method: 'get',
    path: '/version',
    scope: 'public',
    id: 'getVersion',
    tag: 'operations',
    summary: 'Which program this is',
    answers: { 200: { description: 'Its name and versions', content: { [json]: versionSchema } } },
  },
  metrics: {
    method: 'get',
    path: '/metrics',
    scope: 'metrics',
    id: 'getMetrics',
    tag: 'operations',
    summary: 'Metrics for Prometheus',
    description: "In Prometheus's text format, version 0.0.4; docs/metrics.md lists them.",
    answers: { 200: { description: 'All metrics', content: { 'text/plain': z.string() } } },
  },
} as const satisfies Record<string, Operation>;
