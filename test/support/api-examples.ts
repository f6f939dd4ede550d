import type { ApiDocument, Part } from './api-document.js';

/** A request, and the answer that it gets. */
export interface ApiExample {
  readonly name: string;
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly type: string; readonly value: unknown } | undefined;
  readonly status: number;
  readonly answer: unknown;
}

interface Named {
  readonly name: string;
  readonly value: unknown;
}

/** All examples that say what to send, in the document's order: each is put together from where its name stands. */
export function examplesOf(document: ApiDocument): ApiExample[] {
  return document.operations.flatMap((operation) => {
    const [method = '', path = ''] = operation.split(' ');
    const pointer = document.pointerTo(operation);
    const parameters = listAt(document, `${pointer}/parameters`);
    const bodies = contentAt(document, `${pointer}/requestBody`);
    const answers = Object.keys(document.at(`${pointer}/responses`) ?? {}).flatMap((status) => {
      const place = document.placeOf(`${pointer}/responses/${status}`) as string;
      return contentAt(document, place).map((each) => ({ ...each, status: Number(status) }));
    });
    const sent = [...bodies, ...parameters.flatMap(namedIn)];
    const needsNothing = document.at(`${pointer}/requestBody`) === undefined && !path.includes('{');
    const names = new Set([...sent, ...(needsNothing ? answers : [])].map(({ name }) => name));
    return [...names].map((name): ApiExample => {
      const answer = answers.find((each) => each.name === name);
      if (answer === undefined) throw new Error(`${operation}: the example ${name} has no answer`);
      const given = (place: string) => valuesIn(parameters, { place, name });
      const inPath = given('path');
      const query = new URLSearchParams(given('query')).toString();
      return {
        name,
        operation,
        method,
        url: `${path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(inPath[key] ?? ''))}?${query}`,
        headers: given('header'),
        body: bodies.find((each) => each.name === name),
        status: answer.status,
        answer: answer.value,
      };
    });
  });
}

function listAt(document: ApiDocument, pointer: string): Part[] {
  const list = (document.at(pointer) ?? []) as unknown as readonly unknown[];
  return list.map((_, index) => document.at(document.placeOf(`${pointer}/${index}`) as string) as Part);
}

/** The examples of a body or an answer, with the media type of each. */
function contentAt(document: ApiDocument, pointer: string): (Named & { type: string })[] {
  const { content = {} } = (document.at(pointer) ?? {}) as { content?: Record<string, Part> };
  return Object.entries(content).flatMap(([type, part]) => namedIn(part).map((each) => ({ ...each, type })));
}

function namedIn({ examples = {} }: Part): Named[] {
  return Object.entries(examples as Record<string, { value: unknown }>).map(([name, { value }]) => ({ name, value }));
}

/** The values that an example gives to the parameters of one place, by their names. */
function valuesIn(
  parameters: readonly Part[],
  { place, name }: { place: string; name: string },
): Record<string, string> {
  const values = parameters
    .filter((parameter) => parameter['in'] === place)
    .flatMap((parameter) => {
      const example = namedIn(parameter).find((each) => each.name === name);
      return example === undefined ? [] : [[parameter['name'], String(example.value)]];
    });
  return Object.fromEntries(values) as Record<string, string>;
}
