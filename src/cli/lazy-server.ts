import type { startServer } from '../server.js';

/**
 * `startServer`, whose code is loaded when a command needs it: it takes twice as long as all the rest, and who asks a
 * server that runs, or for help, does without.
 */
export const startServerLazily: typeof startServer = async (config, options) => {
  const server = await import('../server.js');
  return server.startServer(config, options);
};
