import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { type Block, type Header, transactionsRoot, wireId } from '../../runtime/block.ts';
import { equalBytes, ZERO_32 } from '../../runtime/core/bytes.ts';
import {
  epoch,
  height,
  subAccount,
  timestampMs,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { epochConfigHash } from '../../runtime/epoch-config.ts';
import { oracleVoteDigest } from '../../runtime/oracle/vote.ts';
import { PAYLOAD, PayloadCodec, type Transaction } from '../../runtime/transaction.ts';
import { type BlockCheck, checkBlock, signatureChecks } from '../../runtime/validity.ts';
import { firstBlock, parentOfFirst, payloadOf, signedTransaction } from '../fixtures/block.ts';
import { builtGenesis, START, testKey, validatorKeys } from '../fixtures/genesis.ts';

const genesis = builtGenesis();
const ONES = new Uint8Array(32).fill(1);
const transaction = (nonce: number): Transaction =>
  signedTransaction(genesis.chainId, testKey('alice'), {
    nonce: START + nonce,
    expiresAt: START + 60_000,
    actions: [{ selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) }],
  });
const payloads = [payloadOf(transaction(1)), payloadOf(transaction(2))];
const vote = {
  epoch: epoch(0),
  validator: validatorIndex(2),
  observedAt: timestampMs(START),
  underlyings: [{ underlying: 0 as never, index: 1, confidenceBps: 10_000, expiries: [] }],
};
/** Genesis sorts validators by address: the seed of the third one's oracle key. */
const ORACLE_SEED =
  [0, 1, 2, 3]
    .map((index) => validatorKeys(index).oracle)
    .find(({ publicKey }) =>
      equalBytes(publicKey, genesis.configs[0].validators[2]?.oracleKey ?? ZERO_32),
    )?.seed ?? ZERO_32;
const signedVote = (changes: Partial<typeof vote> = {}): Uint8Array => {
  const value = { ...vote, ...changes };
  const digest = oracleVoteDigest(genesis.chainId, value);
  const signature = ed25519.sign(digest, ORACLE_SEED);
  return PayloadCodec.encode({ selector: PAYLOAD.oracleVote, value: { vote: value, signature } });
};

function check(block: Block, changes: Partial<BlockCheck> = {}): BlockCheck {
  return {
    block,
    config: genesis.configs[0],
    proposal: { view: view(1), leader: validatorIndex(0) },
    parent: parentOfFirst(genesis),
    parentHash: genesis.chainId,
    nextConfig: epochConfigHash(genesis.configs[1]),
    executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ZERO_32 },
    clock: 'skip',
    ...changes,
  };
}

/** `valid`, the error code, or `notYet: what`. */
function verdict(input: BlockCheck): string {
  const result = checkBlock(input);
  if (result.kind === 'notYet') return `notYet: ${result.missing}`;
  return result.kind === 'invalid' ? result.code : 'valid';
}

const withHeader = (changes: Partial<Header>): Block => firstBlock(genesis, payloads, changes);
const withPayloads = (list: Uint8Array[]): Block => firstBlock(genesis, list);

describe('validity of a block', () => {
  it('accepts a valid block, and an empty one, and hands out the decoded payloads', () => {
    const result = checkBlock(check(withPayloads([...payloads, signedVote()])));
    expect(result.kind === 'valid' && result.payloads.map(({ selector }) => selector)).toEqual([
      PAYLOAD.transaction,
      PAYLOAD.transaction,
      PAYLOAD.oracleVote,
    ]);
    expect(verdict(check(withPayloads([])))).toBe('valid');
  });

  // Each row breaks its rule and every later one that it can, so the table proves the precedence.
  const garbage = { transactionsRoot: ONES };
  const headers: readonly [code: string, changes: Partial<Header>][] = [
    ['wrong_epoch', { epoch: epoch(1), view: view(9), proposer: validatorIndex(3), ...garbage }],
    ['wrong_view', { view: view(9), proposer: validatorIndex(3), parent: ONES, ...garbage }],
    ['wrong_proposer', { proposer: validatorIndex(3), parent: ONES, ...garbage }],
    ['wrong_parent', { parent: ONES, height: height(5), ...garbage }],
    ['wrong_height', { height: height(2), timestamp: timestampMs(1), ...garbage }],
    ['timestamp_not_above_parent', { timestamp: timestampMs(START), config: ONES, ...garbage }],
    ['wrong_config', { config: ONES, nextConfig: ONES, ...garbage }],
    [
      'wrong_executed_height',
      {
        executed: { height: height(8), stateRoot: ONES, receiptsRoot: ONES },
        nextConfig: ONES,
        ...garbage,
      },
    ],
    [
      'wrong_next_config',
      {
        nextConfig: ONES,
        executed: { height: height(0), stateRoot: ONES, receiptsRoot: ONES },
        ...garbage,
      },
    ],
    ['wrong_next_config', { nextConfig: ZERO_32 }],
    [
      'wrong_executed_roots',
      { executed: { height: height(0), stateRoot: ONES, receiptsRoot: ZERO_32 }, ...garbage },
    ],
    [
      'wrong_executed_roots',
      { executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ONES }, ...garbage },
    ],
    ['wrong_transactions_root', garbage],
  ];
  it.each(headers)('%s', (code, changes) => {
    expect(verdict(check(withHeader(changes)))).toBe(code);
  });

  const first = payloads[0] as Uint8Array;
  const second = payloads[1] as Uint8Array;
  const unsigned: Transaction = { ...transaction(3), signatures: [] };
  const twice: Transaction = {
    ...transaction(3),
    signatures: [...transaction(3).signatures, new Uint8Array(64)],
  };
  const short: Transaction = { ...transaction(3), signatures: [new Uint8Array(63)] };
  const bodies: readonly [code: string, list: Uint8Array[]][] = [
    // The last field is the signature, so a byte more or less is a signature of the wrong length.
    ['unsupported_scheme', [first, second.subarray(0, second.length - 1)]],
    ['unsupported_scheme', [new Uint8Array([...first, 0])]],
    ['malformed_payload', [first.subarray(0, 60)]],
    ['malformed_payload', [new Uint8Array([9, ...first.subarray(1)])]],
    ['malformed_payload', [new Uint8Array()]],
    ['duplicate_payload', [first, second, first]],
    ['bad_signer_count', [payloadOf(twice)]],
    ['unsupported_scheme', [payloadOf(short)]],
    ['bad_oracle_validator', [signedVote({ epoch: epoch(1) })]],
    ['bad_oracle_validator', [signedVote({ validator: validatorIndex(4) })]],
    ['bad_oracle_validator', [signedVote(), signedVote({ observedAt: timestampMs(START + 1) })]],
  ];
  it.each(bodies)('%s in the body', (code, list) => {
    expect(verdict(check(withPayloads(list)))).toBe(code);
  });

  it('cannot even encode a transaction without signatures', () => {
    expect(() => payloadOf(unsigned)).toThrow(/signatures/);
  });

  it.each([
    ['too_many_payloads', { maxPayloads: 1 }],
    ['too_many_bytes', { maxBytes: 100 }],
    ['too_heavy', { maxWeight: 100 }],
  ])('%s', (code, limits) => {
    const config = { ...genesis.configs[0], limits: { ...genesis.configs[0].limits, ...limits } };
    const block = withHeader({ config: epochConfigHash(config) });
    expect(verdict(check(block, { config }))).toBe(code);
  });

  it('says what is missing instead of judging without it', () => {
    const block = withPayloads(payloads);
    expect(verdict(check(block, { parent: undefined }))).toBe('notYet: parent');
    expect(verdict(check(block, { nextConfig: undefined }))).toBe('notYet: next_config');
    expect(verdict(check(block, { executed: undefined }))).toBe('notYet: executed');
  });

  it('applies the clock at the first vote only', () => {
    const at = (now: number, receivedAt = now) => ({
      now: timestampMs(now),
      receivedAt: timestampMs(receivedAt),
      viewTimeoutMs: 700,
    });
    const time = genesis.time + 1_000;
    const block = withPayloads(payloads);
    expect(verdict(check(block, { clock: at(time - 500) }))).toBe('valid');
    expect(verdict(check(block, { clock: at(time - 501) }))).toBe('notYet: clock');
    expect(verdict(check(block, { clock: at(time + 1_200) }))).toBe('valid');
    expect(verdict(check(block, { clock: at(time + 1_201) }))).toBe('timestamp_too_old');
    expect(verdict(check(block, { clock: at(time + 9_999, time) }))).toBe('valid');
  });
});

describe('what is known of payloads', () => {
  const all = [...payloads, signedVote()];
  const block = withPayloads(all);
  const knownOf = (bytes: Uint8Array) => {
    const decoded = PayloadCodec.decode(bytes);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    return { wireId: wireId(bytes), payload: decoded.value };
  };

  it('is not computed again, and changes no verdict', () => {
    const known = [knownOf(all[0] ?? ONES), undefined, knownOf(all[2] ?? ONES)];
    const plain = checkBlock(check(block));
    const given = checkBlock(check(block, { known }));
    expect(given).toEqual(plain);
    expect(given.kind === 'valid' && given.payloads[0]).toBe(known[0]?.payload);
    expect(given.kind === 'valid' && given.payloads[2]).toBe(known[2]?.payload);
  });

  it.each([
    ['duplicate_payload', [...payloads, payloads[0] ?? ONES]],
    ['bad_oracle_validator', [signedVote({ epoch: epoch(7) })]],
  ])('does not hide %s', (code, list) => {
    const known = list.map(knownOf);
    expect(verdict(check(withPayloads(list), { known }))).toBe(code);
  });
});

describe('signature checks', () => {
  it('are what the signers signed', () => {
    for (const payload of [...payloads, signedVote()]) {
      const decoded = PayloadCodec.decode(payload);
      const list = decoded.ok
        ? signatureChecks(decoded.value, genesis.chainId, genesis.configs[0])
        : [];
      expect(list?.length).toBe(1);
      for (const { publicKey, digest, signature } of list ?? []) {
        expect(ed25519.verify(signature, digest, publicKey)).toBe(true);
      }
    }
  });

  it('are for one chain', () => {
    const decoded = PayloadCodec.decode(payloads[0] as Uint8Array);
    const [only] = (decoded.ok && signatureChecks(decoded.value, ONES, genesis.configs[0])) || [];
    expect(only && ed25519.verify(only.signature, only.digest, only.publicKey)).toBe(false);
  });

  it('are for every body root: another order of payloads is another block', () => {
    const root = transactionsRoot(payloads.map(wireId));
    expect(transactionsRoot([...payloads].reverse().map(wireId))).not.toEqual(root);
  });
});
