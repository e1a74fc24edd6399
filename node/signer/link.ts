/**
 * The connection between a node and its signer process: TLS 1.3 over a Unix socket or TCP, in which
 * each side proves an ed25519 key that the other has pinned. There is no certificate authority: a
 * certificate is only a wrapper of the key (`link-certificate.ts`).
 *
 * Source: design/staking-and-keys.md §4: the signer dials, so that its machine opens no port.
 *
 * Invariant: no frame is read or sent before the other's key was found to be the pinned one. TLS has
 * by then verified that the other holds the secret (CertificateVerify, RFC 8446 §4.4.3), which it
 * does with any certificate; sessions are never resumed, so every connection proves it anew.
 */
import { constants } from 'node:crypto';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import {
  createServer,
  type SecureContextOptions,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import { encodeFrame, FrameReader } from '../../p2p/frames.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import type { LinkAddress } from './link-address.ts';
import type { LinkCertificate } from './link-certificate.ts';
import { MAX_LINK_BYTES } from './link-messages.ts';

/** How long a handshake may take. */
const HANDSHAKE_MS = 5_000;
/** Frames of the other side that may wait unsent: beyond, it does not read and is cut off. */
const MAX_UNSENT_BYTES = 64 * MAX_LINK_BYTES;
/** One signer, its next connection before the old one is seen to be dead, and room to refuse others. */
const MAX_CONNECTIONS = 8;

/** A proven connection. */
export type Link = {
  send(message: Uint8Array): void;
  close(reason: string): void;
};

export type LinkHandlers = {
  /** The other side has proven its key. */
  readonly onOpen: (link: Link) => void;
  readonly onMessage: (message: Uint8Array, link: Link) => void;
  /** The connection is over, opened or not; called once. */
  readonly onClose: (reason: string) => void;
};

export type LinkIdentity = {
  readonly certificate: LinkCertificate;
  /** ed25519 key that the other side must prove, 32 bytes. */
  readonly pinned: Uint8Array;
};

const contextOf = ({ certificate }: LinkIdentity): SecureContextOptions => ({
  key: certificate.key,
  cert: certificate.cert,
  minVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** Raw ed25519 key of the other side's certificate. */
function provenKey(socket: TLSSocket): Uint8Array | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey;
  if (key?.asymmetricKeyType !== 'ed25519') return undefined;
  // RFC 8410: the last 32 bytes of the structure are the key.
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(-32));
}

/** Reads frames of the other side once it has shown the pinned key. */
function open(socket: TLSSocket, identity: LinkIdentity, handlers: LinkHandlers): void {
  let reason = 'the other side closed';
  const end = (why: string): void => {
    reason = why;
    socket.destroy();
  };
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.once('close', () => handlers.onClose(reason));
  const key = provenKey(socket);
  if (key === undefined || !equalBytes(key, identity.pinned)) {
    const who = key === undefined ? 'no ed25519 key' : `key ${toHex(key)}`;
    end(`the other side proved ${who}; pinned is ${toHex(identity.pinned)}`);
    return;
  }
  const link: Link = {
    send(message) {
      if (socket.destroyed) return;
      socket.write(encodeFrame(message));
      if (socket.writableLength > MAX_UNSENT_BYTES) end('the other side does not read');
    },
    close: end,
  };
  const reader = new FrameReader(MAX_LINK_BYTES);
  socket.on('data', (chunk: Uint8Array) => {
    const state = reader.push(chunk, (message) => {
      handlers.onMessage(message, link);
      return socket.destroyed ? 'stop' : 'continue';
    });
    if (state === 'oversized') end('a frame above the limit');
  });
  handlers.onOpen(link);
}

/** Dials once; `onClose` ends every attempt. Returns how to end it. */
export function dialLink(
  address: LinkAddress,
  identity: LinkIdentity,
  handlers: LinkHandlers,
): () => void {
  const raw: Socket =
    address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
  raw.setNoDelay(true);
  const socket = tlsConnect({ ...contextOf(identity), socket: raw, rejectUnauthorized: false });
  let reason = 'no handshake in time';
  const failed = (): void => handlers.onClose(reason);
  const note = (error: Error): void => {
    reason = error.message;
    socket.destroy();
  };
  const deadline = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
  raw.once('error', note);
  socket.once('error', note);
  socket.once('close', () => clearTimeout(deadline));
  socket.once('close', failed);
  socket.once('secureConnect', () => {
    clearTimeout(deadline);
    socket.off('close', failed);
    open(socket, identity, handlers);
  });
  return () => socket.destroy();
}

export type LinkServer = {
  /** As the system gave it: the port where 0 was asked for. */
  readonly address: LinkAddress;
  close(): Promise<void>;
};

/** A socket file that a killed process left; one that answers is another node's. */
async function clearSocketFile(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (answers) throw Object.assign(new Error(`${path} is in use`), { code: 'EADDRINUSE' });
  rmSync(path, { force: true });
}

/** Listens; rejects with the system's error. `onRefused`: someone came and was not let in. */
export async function listenLink(
  address: LinkAddress,
  identity: LinkIdentity,
  handlers: {
    readonly accept: () => LinkHandlers;
    readonly onRefused: (reason: string) => void;
  },
): Promise<LinkServer> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({
    ...contextOf(identity),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', (error) => handlers.onRefused(error.message));
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    open(socket, identity, handlers.accept());
  });
  if (address.kind === 'unix') await clearSocketFile(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const listening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (address.kind === 'unix') server.listen(address.path, listening);
    else server.listen(address.port, address.host, listening);
  });
  // Who may connect is decided by the key; that others may not even try costs nothing.
  if (address.kind === 'unix') chmodSync(address.path, 0o600);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: address.kind === 'unix' ? address : { ...address, port },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
