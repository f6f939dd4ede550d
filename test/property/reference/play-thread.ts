import { parentPort, workerData } from 'node:worker_threads';
import { describeDifference, playPrograms } from './play.js';

const { first, count } = workerData as { first: number; count: number };
const difference = await playPrograms(first, count);
parentPort?.postMessage(difference && describeDifference(difference));
