import { isMainThread, type Worker } from 'node:worker_threads';

/*
 * Loaded into a server before its own code (`node --import`): on SIGUSR2 one of its worker threads dies. Nobody can end
 * a thread from outside, and from inside only while it is not in native code: this one gets a message that it cannot
 * read, on which it throws. A batch that has come to it by then is lost.
 */

if (isMainThread) {
  const workers = new Set<Worker>();
  process.on('worker', (worker) => {
    workers.add(worker);
    worker.once('exit', () => workers.delete(worker));
  });
  process.on('SIGUSR2', () => {
    const all = [...workers];
    all[Math.floor(Math.random() * all.length)]?.postMessage(null);
  });
}
