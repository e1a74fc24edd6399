/**
 * The signer's side of the link to one node: dials it, says which keys it holds, answers its requests,
 * and dials again when the link is lost.
 *
 * Source: design/staking-and-keys.md §4. All nodes of one signer share its window, so the second of
 * two that vote at once is refused.
 */
import type { Mark } from '../../consensus/signer-window.ts';
import { bindingDigest } from '../../p2p/peer-identity.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import type { Log, SignerRefusal } from '../ports.ts';
import { dialLink, type Link, type LinkIdentity } from './link.ts';
import {
  type BindRequest,
  detailBytes,
  LINK_VERSION,
  REFUSALS,
  type SignRequest,
  TO_NODE,
  TO_SIGNER,
  type ToNode,
  ToNodeCodec,
  ToSignerCodec,
} from './link-messages.ts';
import type { SigningKey, VoteSigner } from './local-signer.ts';
import { SILENCE_MS } from './remote-signer.ts';
import type { SignerNode } from './signer-config.ts';
import type { SignerMetrics } from './signer-metrics.ts';

/** Between attempts to reach the node: doubles from the first to the last. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
const KIND_NAMES = ['notarize', 'nullify', 'finalize'] as const;

export type ServeOptions = {
  readonly node: SignerNode;
  readonly identity: LinkIdentity;
  readonly chainId: Uint8Array;
  readonly keys: readonly SigningKey[];
  readonly signer: VoteSigner;
  /** Nothing below will be asked for again, says the node. */
  readonly onRaise: (mark: Mark) => void;
  readonly log: Log;
  readonly metrics: SignerMetrics;
  /** The record of what was signed cannot be written: nothing may be signed any more. */
  readonly onFailure: (error: unknown) => void;
};

/** Serves one node until `stop`. */
export function serveNode(options: ServeOptions): { readonly stop: () => void } {
  const { node, identity, chainId, keys, signer, log, metrics } = options;
  let stopped = false;
  let retryMs = FIRST_RETRY_MS;
  let retry: NodeJS.Timeout | undefined;
  let hangUp = (): void => {};
  let heardAtMs = 0;

  const answer = (link: Link, message: ToNode): void => link.send(ToNodeCodec.encode(message));

  const refuse = (link: Link, id: number, { code, detail }: SignerRefusal): void => {
    metrics.refused(code);
    const value = { id, code: REFUSALS.indexOf(code), detail: detailBytes(detail) };
    answer(link, { selector: TO_NODE.refusal, value });
  };

  const sign = async (link: Link, request: SignRequest): Promise<void> => {
    const { id, key, signer: place, subject } = request;
    const began = performance.now();
    const vote = await signer.vote(subject, { signer: place, key });
    const kind = KIND_NAMES[subject.selector];
    if (vote.ok) {
      metrics.signed(kind, performance.now() - began);
      const { signature } = vote.value;
      answer(link, { selector: TO_NODE.signature, value: { id, signature } });
      return;
    }
    const { epoch, view } = subject.value;
    const { code, detail } = vote.error;
    log.warn({ node: node.name, kind, epoch, view, code, detail }, 'request refused');
    refuse(link, id, vote.error);
  };

  const bind = (link: Link, { id, key, peerKey }: BindRequest): void => {
    const held = keys.find(({ publicKey }) => equalBytes(publicKey, key));
    if (held === undefined) {
      const detail = `no key ${toHex(key)} here`;
      log.warn({ node: node.name, kind: 'bind', code: 'unknown_key', detail }, 'request refused');
      refuse(link, id, { code: 'unknown_key', detail });
      return;
    }
    metrics.bound();
    const signature = held.sign(bindingDigest(chainId, peerKey));
    answer(link, { selector: TO_NODE.signature, value: { id, signature } });
  };

  const dial = (): void => {
    let isGreeted = false;
    const take = (link: Link, bytes: Uint8Array): void => {
      const decoded = ToSignerCodec.decode(bytes);
      if (!decoded.ok) {
        link.close('malformed message');
        return;
      }
      const message = decoded.value;
      heardAtMs = performance.now();
      if (message.selector === TO_SIGNER.hello) {
        const { version, chainId: theirs } = message.value;
        isGreeted = version === LINK_VERSION && equalBytes(theirs, chainId);
        if (isGreeted) return;
        log.warn({ node: node.name, version, chain: toHex(theirs) }, 'node of another chain');
        link.close(`a node of chain ${toHex(theirs)}, version ${version}`);
        return;
      }
      if (!isGreeted) {
        link.close('no greeting');
        return;
      }
      switch (message.selector) {
        case TO_SIGNER.sign:
          sign(link, message.value).catch(options.onFailure);
          return;
        case TO_SIGNER.bind:
          bind(link, message.value);
          return;
        case TO_SIGNER.raise:
          options.onRaise(message.value);
          return;
        case TO_SIGNER.ping:
          answer(link, { selector: TO_NODE.pong, value: message.value });
      }
    };
    let watch: NodeJS.Timeout | undefined;
    hangUp = dialLink(node.address, identity, {
      onOpen(link) {
        retryMs = FIRST_RETRY_MS;
        heardAtMs = performance.now();
        watch = setInterval(() => {
          if (performance.now() - heardAtMs > SILENCE_MS) link.close('the node is silent');
        }, SILENCE_MS / 2);
        metrics.connected(node.name, true);
        log.info({ node: node.name }, 'linked to node');
        const held = keys.map(({ publicKey }) => publicKey);
        const value = { version: LINK_VERSION, chainId, keys: held };
        answer(link, { selector: TO_NODE.hello, value });
      },
      onMessage: (bytes, link) => take(link, bytes),
      onClose(reason) {
        clearInterval(watch);
        metrics.connected(node.name, false);
        if (stopped) return;
        const level = watch === undefined ? 'debug' : 'warn';
        log[level]({ node: node.name, reason, retryMs }, 'no link to node');
        retry = setTimeout(dial, retryMs);
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
      },
    });
  };

  metrics.connected(node.name, false);
  dial();
  return {
    stop() {
      stopped = true;
      clearTimeout(retry);
      hangUp();
    },
  };
}
