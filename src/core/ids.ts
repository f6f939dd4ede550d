import { randomBytes, randomUUID } from 'node:crypto';

/** Makes identifiers; tests inject a counter. */
export type IdSource = () => string;

/** Random UUIDs, version 4: nobody can guess the id of another's job. */
export const randomIds: IdSource = () => randomUUID();

/** Ids for requests, which need only be unique in a log: a random part for the process and a count, at a tenth of a UUID's price. */
export function countedIds(): IdSource {
  const process = randomBytes(6).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${process}-${count.toString(36)}`;
  };
}
