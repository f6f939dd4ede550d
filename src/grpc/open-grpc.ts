import type { EventSink } from '../core/events.js';
import { DEFAULT_GRPC_PORT, type GrpcConfig } from './grpc-config.js';
import type { GrpcOptions, GrpcServer } from './grpc-server.js';

/**
 * Opens the gRPC edge, if it is not off. Where the default port is taken, and nobody asked for it by name, there is
 * none: who does not ask for gRPC needs to know nothing of it, but that is said once.
 *
 * @throws Error of Node's if the port that was named cannot be listened on
 */
export async function openGrpc(
  { port, ...config }: GrpcConfig,
  host: string,
  options: Omit<GrpcOptions, 'config'> & { readonly events: EventSink },
): Promise<GrpcServer | undefined> {
  if (port === 'off') return undefined;
  // Loaded for those alone who use it.
  const edge = await import('./grpc-server.js');
  const server = new edge.GrpcServer({ ...options, config });
  try {
    await server.listen(port ?? DEFAULT_GRPC_PORT, host);
    options.events.emit('grpcListening', { address: server.address });
    return server;
  } catch (error) {
    server.destroy();
    if (port !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const taken = `another program listens on ${host}:${DEFAULT_GRPC_PORT}`;
    options.events.emit('serverNotice', {
      notice: `gRPC is off: ${taken}; choose a port with --grpc-port, or say off`,
    });
    return undefined;
  }
}
