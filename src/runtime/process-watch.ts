import { Socket } from 'node:net';

/*
 * A thread beside the one that runs the model, which may be inside native code for ever: it sees that the server is
 * gone, however that ended, by the end of standard input, and takes the whole process along.
 */

new Socket({ fd: 0, readable: true, writable: false })
  .on('error', () => undefined)
  .on('close', () => process.kill(process.pid, 'SIGKILL'))
  .resume();
