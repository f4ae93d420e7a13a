import { createServer } from "node:net";

/** Where the search for a free port begins and ends: below the ports that systems give to outgoing connections. */
const FROM = 20_000;
const TO = 30_000;

/** Throws, saying what to do, when somebody listens there already; the gateway would find out seconds later. */
export async function assertPortFree(
  { host, port }: { readonly host: string; readonly port: number },
  command: string,
): Promise<void> {
  if (port === 0) return;
  const error = await listenOnce(host, port);
  if (!error) return;
  if (error.code !== "EADDRINUSE") throw error;
  const another = port < 65_535 ? port + 1 : 3000;
  throw new Error(`port ${port} of ${host} is taken. Choose another one: PORT=${another} ${command}`);
}

/**
 * Ports that are free now and stay so while their server is away for a moment. Those that the system gives to
 * outgoing connections would not: a client that tries to reach the server meanwhile may be given that very port, and
 * is then connected to itself, where the server wants to be.
 */
export async function stablePorts(count: number, host = "127.0.0.1"): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 1; attempt <= 100 + count && ports.size < count; attempt += 1) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    if (await isPortFree(port, host)) ports.add(port);
  }
  if (ports.size < count) throw new Error(`no free ports from ${FROM} to ${TO} on ${host}`);
  return [...ports];
}

/** Whether nobody listens there. */
export async function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return (await listenOnce(host, port)) === undefined;
}

/** The address of an HTTP server. */
export function httpUrl(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}
