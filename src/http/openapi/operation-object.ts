import type { Scope } from '../access.js';
import { PROBLEM_TYPE } from '../problem.js';
import { schemaAt } from './component-schemas.js';
import { answerHeaders } from './documented-headers.js';
import { type ErrorAnswers, errorsOf, type NamedValues } from './error-answers.js';
import type { Answer, Body, Example, Operation, Parameter } from './operation.js';
import { everywhere } from './shared-parameters.js';

type NamedExamples = Readonly<Record<string, Example>>;

/**
 * One operation as OpenAPI's Operation Object. An example stands in parts at the places that the format has for them,
 * always under its name: its parameters, its body, and its answer.
 *
 * @param errors where its errors are gathered
 */
export function operationObject(operation: Operation, errors: ErrorAnswers): object {
  const { id, tag, summary, description, scope, parameters = [], body, answers, examples = {} } = operation;
  const own = Object.entries(answers).map(([status, answer]) => {
    return [status, answerObject(answer, Number(status), examples)];
  });
  const refused = [...errorsOf(operation)].map(([status, codes]) => {
    return [status, errors.refTo(status, { codes, examples: answersIn(examples, { status, type: PROBLEM_TYPE }) })];
  });
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(scope),
    parameters: [
      ...parameters.map((parameter) => parameterObject(parameter, examples)),
      ...everywhere.map((parameter) =>
        isUsed(parameter, examples)
          ? parameterObject(parameter, examples)
          : { $ref: `#/components/parameters/${parameter.name}` },
      ),
    ],
    ...(body === undefined ? {} : { requestBody: bodyObject(body, examples) }),
    responses: Object.fromEntries([...own, ...refused]),
  };
}

export function parameterObject(parameter: Parameter, examples: NamedExamples = {}): object {
  const { in: place, name, description, schema } = parameter;
  const values = Object.entries(examples).flatMap(
    ([key, { parameters = {} }]): NamedValues =>
      Object.hasOwn(parameters, name) ? [[key, { value: parameters[name] }]] : [],
  );
  return {
    name,
    in: place,
    description,
    ...(place === 'path' ? { required: true } : {}),
    schema: schemaAt(schema, 'input'),
    ...examplesIn(values),
  };
}

function isUsed({ name }: Parameter, examples: NamedExamples): boolean {
  return Object.values(examples).some(({ parameters = {} }) => Object.hasOwn(parameters, name));
}

function bodyObject({ description, isOptional = false, content }: Body, examples: NamedExamples): object {
  const contents = Object.entries(content).map(([type, schema]) => {
    const values = Object.entries(examples).flatMap(
      ([key, { summary, body }]): NamedValues => (body?.type === type ? [[key, { summary, value: body.value }]] : []),
    );
    return [type, { schema: schemaAt(schema, 'input'), ...examplesIn(values) }];
  });
  return { description, required: !isOptional, content: Object.fromEntries(contents) };
}

function answerObject({ description, content }: Answer, status: number, examples: NamedExamples): object {
  const contents = Object.entries(content).map(([type, schema]) => {
    const answers = answersIn(examples, { status, type });
    return [type, { schema: schemaAt(schema, 'output'), ...examplesIn(answers) }];
  });
  return { description, headers: answerHeaders(), content: Object.fromEntries(contents) };
}

/** The answers of the examples that are of one status and type. */
function answersIn(examples: NamedExamples, { status, type }: { status: number; type: string }): NamedValues {
  return Object.entries(examples)
    .filter(([, { status: answered, answer }]) => answered === status && answer.type === type)
    .map(([key, { summary, answer }]) => [key, { summary, value: answer.value }]);
}

/** Keys may be asked for or not, as the operator wishes: hence the last alternative, of no key. */
function securityOf(scope: Scope): object[] {
  return scope === 'public' ? [] : [{ bearer: [scope] }, { apiKey: [scope] }, {}];
}

function examplesIn(entries: NamedValues): { examples?: object } {
  return entries.length === 0 ? {} : { examples: Object.fromEntries(entries) };
}
