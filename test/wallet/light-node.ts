/** A node of one validator with its RPC in this process, some stake on it, and a client that can lie. */
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import { startRpcInline } from '../../node/rpc/start.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import { ed25519Signer, signTransaction } from '../../wallet/client/sign.ts';
import {
  type ActionInput,
  buildAction,
  buildBody,
  createNonceClock,
} from '../../wallet/client/transaction-builder.ts';
import { testKey } from '../fixtures/genesis.ts';
import { type Cluster, createCluster, type Member } from '../node/cluster.ts';
import { quietLog } from '../rpc/quiet-log.ts';

export const ALICE: string = formatAddress(testKey('alice').address);
export const BOB: string = formatAddress(testKey('bob').address);

export type LightNode = {
  readonly url: string;
  readonly chainId: Uint8Array;
  readonly cluster: Cluster;
  readonly member: Member;
  /** Hex of a transaction of alice. */
  signed(input: ActionInput): string;
  /** Sends an act of alice; its id once it is final. */
  act(input: ActionInput): Promise<string>;
  /** Makes blocks follow each other, by transfers of a micro-USD, until `isOver`. */
  pump(isOver: () => boolean): Promise<void>;
  close(): Promise<void>;
};

const nextNonce = createNonceClock(() => Date.now());

export async function startLightNode(): Promise<LightNode> {
  const cluster = createCluster({ validators: 1 });
  const member = await cluster.start(0);
  const config = { ...DEFAULT_RPC_CONFIG, port: 0 };
  const server = await startRpcInline(member.node.api, config, quietLog(), NO_METRICS);
  const client = createClient({ url: server.url });
  const { chainId } = cluster;
  const signer = ed25519Signer(testKey('alice').seed);
  const signed = (input: ActionInput): string => {
    const action = buildAction(input);
    if (!action.ok) throw new Error(JSON.stringify(action.error));
    const body = buildBody({
      account: fromHex(testKey('alice').address) ?? new Uint8Array(20),
      publicKeys: [signer.publicKey],
      actions: [action.value],
      nonce: nextNonce(),
      expiresAt: Date.now() + 30_000,
    });
    if (!body.ok) throw new Error(JSON.stringify(body.error));
    return signTransaction(chainId, body.value, [signer]).hex;
  };
  const act = async (input: ActionInput): Promise<string> => {
    const transaction = signed(input);
    const sent = await client.call('submit_transaction', { transaction, wait: 'final' });
    const [result] = sent.receipt?.results ?? [];
    if (result === undefined || result.type === 'refused') throw new Error(JSON.stringify(sent));
    return sent.transaction_id;
  };
  return {
    url: server.url,
    chainId,
    cluster,
    member,
    signed,
    act,
    async pump(isOver) {
      const dust = { type: 'transfer', to: BOB, amount: '0.000001', currency: 'USD' } as const;
      while (!isOver()) await act({ ...dust, fromSubAccount: 0, toSubAccount: 2 });
    },
    async close() {
      client.close();
      await server.close();
      await member.node.stop(100);
      cluster.remove();
    },
  };
}

/** Answers by the calls that gave them. */
export type Recording = Map<string, string>;
const nameOf = (method: string, params: object): string => `${method} ${JSON.stringify(params)}`;

/** A client that writes down what it is answered. */
export function recordingClient(client: Client, recording: Recording): Client {
  return {
    ...client,
    async call(method, params, options) {
      const answer = await client.call(method, params, options);
      recording.set(nameOf(method, params), JSON.stringify(answer));
      return answer;
    },
  };
}

/** A node that stands still: it answers what was recorded, through `lie`, and nothing else. */
export function replayingClient(
  recording: Recording,
  lie: (method: string, answer: unknown) => unknown = (_, answer) => answer,
): Client {
  return {
    url: 'recorded',
    async call(method, params) {
      const answer = recording.get(nameOf(method, params));
      if (answer === undefined) throw new Error(`${method} was not recorded with these parameters`);
      return lie(method, JSON.parse(answer)) as never;
    },
    subscribe: () => Promise.reject(new Error('nothing is pushed')),
    close() {},
  };
}

/** Every way to alter one value of an answer: each leaf in turn, and each list cut. */
export function alterations(answer: unknown): { readonly at: string; readonly altered: unknown }[] {
  const found: { at: string; altered: unknown }[] = [];
  const root = { answer };
  const visit = (holder: Record<string, unknown>, name: string, path: string): void => {
    const value = holder[name];
    const put = (other: unknown, what: string): void => {
      holder[name] = other;
      found.push({ at: `${path}: ${what}`, altered: structuredClone(root.answer) });
      holder[name] = value;
    };
    if (typeof value === 'string') {
      const middle = Math.floor(value.length / 2);
      const other = value[middle] === '1' ? '2' : '1';
      put(`${value.slice(0, middle)}${other}${value.slice(middle + 1)}`, 'another character');
    } else if (typeof value === 'number') put(value + 1, 'one more');
    else if (typeof value === 'boolean') put(!value, 'the opposite');
    else if (value === null) put('01', 'a value for nothing');
    else if (Array.isArray(value)) {
      if (value.length > 0) put(value.slice(1), 'the first left out');
      value.forEach((_, index) => {
        visit(value as unknown as Record<string, unknown>, String(index), `${path}[${index}]`);
      });
    } else if (typeof value === 'object') {
      for (const field of Object.keys(value)) {
        visit(value as Record<string, unknown>, field, `${path}.${field}`);
      }
    }
  };
  visit(root as Record<string, unknown>, 'answer', '');
  return found;
}
