// A program of somebody else's that says what the exports are called, and that their types are no `any`.
export const typeTest = `
import { createServer, type EventMap, type Millrace, MillraceError, type Observer, type ServerConfigInput } from 'millrace';
const config: ServerConfigInput = { port: 0, limits: { timeout_ms: 1_000 }, log: { level: 'silent' } };
// @ts-expect-error: there is no such setting.
const misspelt: ServerConfigInput = { prot: 0 };
// @ts-expect-error: it is a number.
export const port: string | undefined = config.port;
const shout = ({ url }: EventMap['serverListening']) => console.log(url.toUpperCase());
const observer: Observer = { name: 'shouting', on: { serverListening: shout } };
const millrace: Millrace = await createServer(config).catch((error: unknown) => {
  throw error instanceof MillraceError ? new Error(error.code) : error;
});
millrace.observe(observer)();
millrace.destroy(new MillraceError('SHUTTING_DOWN', 'enough'));
console.log(misspelt);
`;
