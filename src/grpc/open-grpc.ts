import type { Admit } from './call-gate.js';
import { DEFAULT_GRPC_PORT, type GrpcConfig } from './grpc-config.js';
import type { GrpcOptions, GrpcServer } from './grpc-server.js';

/** The settings that the gRPC edge goes by. */
export interface GrpcSettings {
  readonly host: string;
  readonly grpc: GrpcConfig;
  readonly limits: GrpcOptions['limits'];
}

/** What stands before and behind it. */
export interface GrpcParts extends Omit<GrpcOptions, 'config' | 'limits' | 'admit' | 'certificate'> {
  readonly edge: { readonly access: { readonly admit: Admit }; readonly certificate: GrpcOptions['certificate'] };
}

/**
 * Opens the gRPC edge, if it is not off. Where the default port is taken, and nobody asked for it by name, there is
 * none: who does not ask for gRPC needs to know nothing of it, but that is said once.
 *
 * @throws Error of Node's if the port that was named cannot be listened on
 */
export async function openGrpc(
  { host, limits, grpc: { port, ...config } }: GrpcSettings,
  { edge, ...parts }: GrpcParts,
): Promise<GrpcServer | undefined> {
  if (port === 'off') return undefined;
  // Loaded for those alone who use it.
  const { GrpcServer: Edge } = await import('./grpc-server.js');
  const { access, certificate } = edge;
  const admit: Admit = (headers, scope) => access.admit(headers, scope);
  const server = new Edge({ ...parts, config, limits, admit, certificate });
  try {
    await server.listen(port ?? DEFAULT_GRPC_PORT, host);
    parts.events.emit('grpcListening', { address: server.address ?? '' });
    return server;
  } catch (error) {
    server.destroy();
    if (port !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const taken = `another program listens on ${host}:${DEFAULT_GRPC_PORT}`;
    parts.events.emit('serverNotice', { notice: `gRPC is off: ${taken}; choose a port with --grpc-port, or say off` });
    return undefined;
  }
}
