// Clients that keep their connections, as load balancers do.
import { Agent, request } from 'node:http';

const BODY = JSON.stringify({ model: 'penguins', input: [45.5, 17, 196, 3500] });

/**
 * Starts clients of a server of the bundled models. Each sends one prediction after the other over one connection, until an
 * answer ends the connection, or it has `most` answers.
 *
 * @returns `answers`, all of them; rejects if one was cut off or refused. `answered()` is how many there are so far
 */
export function startClients(count, origin, { most = Number.POSITIVE_INFINITY } = {}) {
  let answered = 0;
  const answers = Array.from({ length: count }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const own = [];
    try {
      while (own.length < most) {
        own.push(await predict(origin, agent));
        answered += 1;
        if (own.at(-1).headers.connection === 'close') break;
      }
    } finally {
      agent.destroy();
    }
    return own;
  });
  return { answers: Promise.all(answers).then((all) => all.flat()), answered: () => answered };
}

function predict(origin, agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
    const sent = request(`${origin}/predict`, { method: 'POST', agent, headers, timeout: 20_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')));
    sent.on('error', reject).end(BODY);
  });
}
