import type { ConfigLayer } from '../config.js';
import { environmentLayer, fileLayer } from '../config-sources.js';

const DEFAULT_CONFIG_FILE = './millrace.yaml';

/**
 * The settings that hold for every command which runs models as a server does: those of the file, over them those of
 * the environment. Options of the command go above.
 *
 * @param file without it the file of MILLRACE_CONFIG, or ./millrace.yaml if it is there
 * @throws MillraceError INVALID_REQUEST if the file cannot be read
 */
export function settingsLayers(file = process.env['MILLRACE_CONFIG']): ConfigLayer[] {
  return [fileLayer(file ?? DEFAULT_CONFIG_FILE, file === undefined), environmentLayer(process.env)];
}
