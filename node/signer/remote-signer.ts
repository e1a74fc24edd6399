/**
 * The node's side of a signer process: listens, lets the pinned signer in, and asks it.
 *
 * Source: design/staking-and-keys.md §4. A request outlives its connection: when the signer was
 * restarted, what waits is asked again, and the signer answers alike, since signatures are
 * deterministic and its window knows what it signed. So a killed signer costs the votes of its
 * absence and nothing else.
 *
 * Invariants: at most one signer is served, the one that proved itself last; at most `MAX_WAITING`
 * requests wait, none longer than `REQUEST_MS`; a signature is handed on only if it is good.
 */
import { type Subject, voteDigest } from '../../consensus/messages.ts';
import type { Mark } from '../../consensus/signer-window.ts';
import { bindingDigest } from '../../p2p/peer-identity.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import { assert, err, ok, type Result } from '../../runtime/core/result.ts';
import { verifyEd25519 } from '../crypto/ed25519.ts';
import type { Log, Signer, SignerRefusal } from '../ports.ts';
import { type Link, type LinkIdentity, listenLink } from './link.ts';
import type { LinkAddress } from './link-address.ts';
import {
  LINK_VERSION,
  REFUSALS,
  TO_NODE,
  TO_SIGNER,
  type ToNode,
  ToNodeCodec,
  type ToSigner,
  ToSignerCodec,
} from './link-messages.ts';
import type { NonEmpty } from './local-signer.ts';

/** A vote that is older helps nobody: its view is over. */
const REQUEST_MS = 10_000;
/** Votes of a few views, and bindings. */
const MAX_WAITING = 64;
/** The link is asked whether it lives. */
export const PING_MS = 2_000;
/** Without a word for so long, it does not. */
export const SILENCE_MS = 8_000;

export type RemoteSigner = Signer & {
  /** As listened on. */
  readonly address: LinkAddress;
  /** Signature that binds the node's peer key to the consensus key `key`. */
  bind(key: Uint8Array, peerKey: Uint8Array): Promise<Result<Uint8Array, SignerRefusal>>;
  readonly connected: () => boolean;
  close(): Promise<void>;
};

type Waiting = {
  readonly request: ToSigner;
  readonly key: Uint8Array;
  readonly digest: Uint8Array;
  readonly timer: NodeJS.Timeout;
  readonly settle: (answer: Result<Uint8Array, SignerRefusal>) => void;
};

const unavailable = (detail: string): Result<Uint8Array, SignerRefusal> =>
  err({ code: 'unavailable', detail });

export type RemoteSignerOptions = {
  readonly listen: LinkAddress;
  readonly identity: LinkIdentity;
  readonly chainId: Uint8Array;
  readonly log: Log;
};

/** Keys, once a signer has come; requests that wait; the connection. */
class SignerDesk {
  readonly #options: RemoteSignerOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #first: PromiseWithResolvers<NonEmpty<Uint8Array>> = Promise.withResolvers();
  #link: Link | undefined;
  #keys: NonEmpty<Uint8Array> | undefined;
  #nextId = 1;
  #heardAtMs = 0;
  #pings: NodeJS.Timeout | undefined;

  constructor(options: RemoteSignerOptions) {
    this.#options = options;
  }

  get keys(): NonEmpty<Uint8Array> {
    assert(this.#keys !== undefined, 'a remote signer is made when its keys are known');
    return this.#keys;
  }

  /** Resolves when a signer has said which keys it holds. */
  get first(): Promise<NonEmpty<Uint8Array>> {
    return this.#first.promise;
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  open(link: Link): void {
    const { chainId } = this.#options;
    link.send(
      ToSignerCodec.encode({
        selector: TO_SIGNER.hello,
        value: { version: LINK_VERSION, chainId },
      }),
    );
  }

  #adopt(link: Link, { version, chainId, keys }: Extract<ToNode, { selector: 0 }>['value']): void {
    const [first, ...rest] = keys;
    if (version !== LINK_VERSION || !equalBytes(chainId, this.#options.chainId) || !first) {
      this.#options.log.warn(
        { version, chain: toHex(chainId) },
        'signer of another version or chain',
      );
      link.close('another version or chain');
      return;
    }
    // One that comes again is faster than the news that its last connection died.
    this.#link?.close('another connection of the signer');
    this.#link = link;
    this.#keys = [first, ...rest];
    this.#options.log.info(
      { keys: keys.map(toHex), waiting: this.#waiting.size },
      'signer is here',
    );
    for (const { request } of this.#waiting.values()) link.send(ToSignerCodec.encode(request));
    this.#heardAtMs = performance.now();
    clearInterval(this.#pings);
    this.#pings = setInterval(() => this.#ping(link), PING_MS);
    this.#first.resolve(this.#keys);
  }

  #ping(link: Link): void {
    if (performance.now() - this.#heardAtMs > SILENCE_MS) link.close('the signer is silent');
    else this.send({ selector: TO_SIGNER.ping, value: { id: 0 } });
  }

  take(link: Link, bytes: Uint8Array): void {
    const decoded = ToNodeCodec.decode(bytes);
    if (!decoded.ok) {
      link.close('malformed message');
      return;
    }
    const message = decoded.value;
    if (message.selector === TO_NODE.hello) {
      this.#adopt(link, message.value);
      return;
    }
    if (link !== this.#link) return;
    this.#heardAtMs = performance.now();
    if (message.selector === TO_NODE.pong) return;
    const waiting = this.#waiting.get(message.value.id);
    if (!waiting) return;
    if (message.selector === TO_NODE.signature) {
      const { signature } = message.value;
      const isGood = verifyEd25519(waiting.key, waiting.digest, signature);
      waiting.settle(isGood ? ok(signature) : unavailable('the signer sent a bad signature'));
      return;
    }
    const { code, detail } = message.value;
    waiting.settle(
      err({
        code: REFUSALS[code] ?? 'unavailable',
        detail: new TextDecoder('latin1').decode(detail),
      }),
    );
  }

  lost(link: Link | undefined, reason: string): void {
    if (link === undefined || link !== this.#link) return;
    clearInterval(this.#pings);
    this.#link = undefined;
    this.#options.log.warn({ reason, waiting: this.#waiting.size }, 'signer is gone');
  }

  send(message: ToSigner): void {
    this.#link?.send(ToSignerCodec.encode(message));
  }

  ask(
    request: (id: number) => ToSigner,
    of: { readonly key: Uint8Array; readonly digest: Uint8Array },
  ): Promise<Result<Uint8Array, SignerRefusal>> {
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.resolve(unavailable(`${MAX_WAITING} requests wait for the signer`));
    }
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Result<Uint8Array, SignerRefusal>>();
    const settle = (answer: Result<Uint8Array, SignerRefusal>): void => {
      clearTimeout(this.#waiting.get(id)?.timer);
      this.#waiting.delete(id);
      resolve(answer);
    };
    const timer = setTimeout(() => settle(unavailable('no answer in time')), REQUEST_MS);
    const waiting: Waiting = { request: request(id), ...of, timer, settle };
    this.#waiting.set(id, waiting);
    this.send(waiting.request);
    return promise;
  }

  stop(): void {
    clearInterval(this.#pings);
    for (const { settle } of [...this.#waiting.values()]) settle(unavailable('the node stops'));
  }
}

/**
 * Listens and waits for the signer, at most `withinMs`: what a node signs with must be known before it
 * starts. Undefined when none came. Rejects when the address cannot be listened on.
 */
export async function createRemoteSigner(
  options: RemoteSignerOptions,
  withinMs: number,
): Promise<RemoteSigner | undefined> {
  const { listen, identity, chainId, log } = options;
  const desk = new SignerDesk(options);
  const server = await listenLink(listen, identity, {
    accept() {
      let link: Link | undefined;
      return {
        onOpen(opened) {
          link = opened;
          desk.open(opened);
        },
        onMessage: (bytes, from) => desk.take(from, bytes),
        onClose(reason) {
          if (link === undefined) log.warn({ reason }, 'connection to the signer port refused');
          desk.lost(link, reason);
        },
      };
    },
    onRefused: (reason) => log.warn({ reason }, 'connection to the signer port refused'),
  });
  const close = async (): Promise<void> => {
    desk.stop();
    await server.close();
  };
  log.info({ listen }, 'waiting for the signer');
  const { promise: late, resolve: giveUp } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => giveUp(undefined), withinMs);
  const keys = await Promise.race([desk.first, late]);
  clearTimeout(timer);
  if (keys === undefined) {
    await close();
    return undefined;
  }
  return {
    address: server.address,
    get publicKeys() {
      return desk.keys;
    },
    sign: (subject: Subject, { signer, key }) =>
      desk.ask((id) => ({ selector: TO_SIGNER.sign, value: { id, key, signer, subject } }), {
        key,
        digest: voteDigest(chainId, subject),
      }),
    bind: (key, peerKey) =>
      desk.ask((id) => ({ selector: TO_SIGNER.bind, value: { id, key, peerKey } }), {
        key,
        digest: bindingDigest(chainId, peerKey),
      }),
    raise: (mark: Mark) => desk.send({ selector: TO_SIGNER.raise, value: mark }),
    connected: () => desk.connected,
    close,
  };
}
