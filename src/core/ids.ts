import { randomUUID } from 'node:crypto';

/** Makes identifiers for jobs and requests; tests inject a counter. */
export type IdSource = () => string;

/** Random UUIDs, version 4. */
export const randomIds: IdSource = () => randomUUID();
