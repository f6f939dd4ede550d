import { z } from 'zod';

/** A problem document of a server, of which programs may read more than people do. */
export const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  path: z.string().optional(),
  expected: z.string().optional(),
  got: z.string().optional(),
});

export type Problem = z.output<typeof problemSchema>;

/** What kept a model or an item from being asked or answered: a problem that a server told, or one found at this end. */
export class ProblemError extends Error {
  readonly problem: Problem;

  /** @param problem its `code` is one of the server's, or SERVER_UNREACHABLE or UNEXPECTED_ANSWER */
  constructor(problem: Problem) {
    super(problemText(problem));
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** `The input does not fit. At input[3]: expected a number; got "x".` */
function problemText({ detail, path, expected, got }: Problem): string {
  const fault = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join('; ');
  if (fault === '') return detail;
  return `${detail} ${path === undefined ? '' : `At ${path}: `}${fault}`;
}
