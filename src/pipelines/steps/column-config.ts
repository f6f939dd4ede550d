import { z } from 'zod';

const MAX_CATEGORIES = 10_000;

const categorySchema = z.union([z.string(), z.number(), z.boolean()]);

/** One column of a record, and what becomes of its values. */
export const columnSchema = z
  .strictObject({
    name: z.string().min(1).max(128).describe('What the column is called in a record'),
    input: z.string().exactOptional().describe("The model's input that takes the column; needed where it has several"),
    type: z
      .enum(['number', 'category', 'boolean', 'text'])
      .default('number')
      .describe('`text` is given as it is, for a model that takes strings; the others become numbers'),
    min: z.number().exactOptional().describe('Numbers below are refused'),
    max: z.number().exactOptional().describe('Numbers above are refused'),
    scale: z.number().exactOptional().describe('What a number is multiplied by; 1 unless given'),
    offset: z.number().exactOptional().describe('What is added to a number after that; 0 unless given'),
    categories: z
      .array(categorySchema)
      .min(1)
      .max(MAX_CATEGORIES)
      .exactOptional()
      .describe('The values of a category in the order that the model knows: strings, numbers, true or false'),
    encoding: z
      .enum(['index', 'one_hot'])
      .exactOptional()
      .describe(
        'A category becomes its index, from 0, or with `one_hot` one element for each, 1 for its own and else 0',
      ),
    unknown: z
      .union([z.enum(['error', 'other']), z.int().min(-1)])
      .exactOptional()
      .describe(
        'What stands for a value that is none of the categories: nothing (`error`, unless given), `other` for one more ' +
          'category after the last, or an index; -1 sets no element of one_hot',
      ),
    missing: z
      .union([z.enum(['error', 'other', 'nan']), z.number()])
      .default('error')
      .describe(
        'What stands for null, "" or a column that is not there: nothing (`error`), `nan`, or a number, which is scaled ' +
          'as others are; for a category an index or `other`',
      ),
    example: categorySchema.exactOptional().describe('A typical value, for the example of a request'),
  })
  .superRefine((column, context) => {
    const wrong = (key: string, expected: string) =>
      context.addIssue({ code: 'custom', path: [key], message: expected });
    for (const [type, keys] of Object.entries(keysByType)) {
      if (column.type === type) continue;
      for (const key of keys) if (Object.hasOwn(column, key)) wrong(key, `only columns of type ${type} have this`);
    }
    const { type, min, max, categories, encoding, missing } = column;
    if (type === 'category' && categories === undefined) wrong('categories', 'the categories in their order');
    if (type !== 'category' && missing === 'other') wrong('missing', 'nothing, nan or a number');
    if (type === 'text' && missing !== 'error') wrong('missing', 'error, which is all that a text can have');
    if (encoding === 'one_hot' && missing === 'nan') wrong('missing', 'an index or other: one_hot has no nan');
    if (min !== undefined && max !== undefined && min > max) wrong('max', `a number from min on, which is ${min}`);
  });

/** Keys that only one type of column has. */
const keysByType = {
  number: ['min', 'max', 'scale', 'offset'],
  category: ['categories', 'encoding', 'unknown'],
} as const;

export type ColumnConfig = z.output<typeof columnSchema>;
