// Reads a zod schema as a list of settings for people.
import { z } from 'zod';
import { code, oneOf } from './markdown.mjs';

/**
 * The settings of a schema by section, in its order; the settings of the top level come first, in a section without
 * a name.
 *
 * @throws Error if a setting has no text of its own
 */
export function sectionsOf(schema) {
  const { properties } = z.toJSONSchema(schema, { io: 'input' });
  const top = { name: '', meaning: '', settings: [] };
  const sections = [top];
  for (const [key, field] of Object.entries(properties)) {
    if (isSection(field))
      sections.push({ name: key, meaning: meaningOf(field, key), settings: settingsIn(field, key) });
    else top.settings.push(setting(field, key));
  }
  return sections;
}

function settingsIn({ properties }, prefix) {
  return Object.entries(properties).flatMap(([key, field]) => {
    const path = `${prefix}.${key}`;
    if (!isSection(field)) return [setting(field, path)];
    return [{ path, values: 'section', default: '', meaning: meaningOf(field, path) }, ...settingsIn(field, path)];
  });
}

function isSection({ properties }) {
  return properties !== undefined;
}

function setting(field, path) {
  const fallback = field.default;
  const text = fallback === undefined ? undefined : `${code(inline(fallback))}${readable(path, fallback)}`;
  return { path, values: valuesOf(field), default: text, meaning: meaningOf(field, path) };
}

function meaningOf({ description }, path) {
  if (description === undefined) throw new Error(`${path}: the schema has no .describe(…) text for it`);
  return description;
}

/** What may stand there. */
function valuesOf(field) {
  const { type, anyOf, const: only, enum: names, pattern, items, properties, additionalProperties } = field;
  if (anyOf !== undefined) return oneOf(anyOf.map(valuesOf));
  if (only !== undefined) return code(only);
  if (names !== undefined) return oneOf(names.map(code));
  if (pattern !== undefined) return oneOf(alternatives(pattern).map(code));
  if (items !== undefined) return `list, each ${nounOf(items)}`;
  if (properties !== undefined)
    return code(inline(Object.fromEntries(Object.keys(properties).map((key) => [key, '…']))));
  if (additionalProperties !== undefined) return `mapping, each value ${nounOf(additionalProperties)}`;
  if (type === 'boolean') return '`true` or `false`';
  if (type === 'integer') return `whole number ${rangeOf(field)}`.trimEnd();
  if (type === 'number') return `number ${rangeOf(field)}`.trimEnd();
  return 'text';
}

function nounOf(field) {
  const { description } = field;
  if (description !== undefined) return description[0].toLowerCase() + description.slice(1);
  const values = valuesOf(field);
  return values.startsWith('`') ? values : `a ${values}`;
}

function rangeOf({ minimum, maximum }) {
  if (minimum === undefined) return maximum === undefined ? '' : `up to ${maximum}`;
  if (maximum === undefined) return `from ${minimum}`;
  return maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `from ${minimum} to ${maximum}`;
}

/** `^(auto|gpu:\d{1,2})$` as `auto` and `gpu:N`. */
function alternatives(pattern) {
  const [, inside = pattern] = /^\^\((.*)\)\$$/.exec(pattern) ?? [];
  return inside.split('|').map((each) => each.replace(/\\d(\{[\d,]+\}|[+*])?/, 'N'));
}

/** A value as it may be written in YAML. */
function inline(value) {
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${inline(inner)}`);
  return `{${pairs.join(', ')}}`;
}

/** Bytes and milliseconds in units that people count in. */
export function readable(path, value) {
  const units = path.endsWith('_bytes') ? BYTES : path.endsWith('_ms') ? TIMES : [];
  const [size, name] = units.find(([unit]) => value >= unit && value % unit === 0) ?? [];
  return name === undefined ? '' : ` (${value / size} ${name})`;
}

const BYTES = [
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
];
const TIMES = [
  [86_400_000, 'd'],
  [60_000, 'min'],
  [1_000, 's'],
];
