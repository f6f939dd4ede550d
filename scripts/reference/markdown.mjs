// Small pieces of Markdown.

/** A page with its title, and a word to those who open it in order to edit it. */
export function page(title, ...parts) {
  const note = '<!-- Written by scripts/docs.mjs. Its facts come from src, its words from scripts/reference. -->';
  return `${[`# ${title}`, note, ...parts].map((part) => part.trim()).join('\n\n')}\n`;
}

/** A table that reads well as plain text too: columns are padded, but for the last, which holds sentences. */
export function table(headings, rows) {
  const cells = [headings, ...rows].map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')));
  const last = headings.length - 1;
  const widths = headings.map((_, column) =>
    column === last ? headings[last].length : Math.max(...cells.map((row) => row[column].length)),
  );
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

export function block(language, text) {
  return `\`\`\`${language}\n${text.trim()}\n\`\`\``;
}

export function code(text) {
  return `\`${text}\``;
}

/** `a`, `b` or `c`. */
export function oneOf(texts, conjunction = 'or') {
  const [last, ...before] = [...texts].reverse();
  return before.length === 0 ? last : `${before.reverse().join(', ')} ${conjunction} ${last}`;
}
