import { describe, expect, it } from 'vitest';
import { ROLE } from '../../runtime/accounts/account.ts';
import { admit, type BlockUsage } from '../../runtime/accounts/admit.ts';
import { ACTION } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { height, subAccount, timestampMs, validatorIndex } from '../../runtime/core/units.ts';
import { RUNTIME_ERRORS } from '../../runtime/error.ts';
import { MAX_TRANSACTIONS_PER_KEY, NONCE_WINDOW } from '../../runtime/limits.ts';
import { parametersOf, type State } from '../../runtime/state/state.ts';
import { SCHEME, type TransactionBody } from '../../runtime/transaction.ts';
import { builtGenesis, START, testKey } from '../fixtures/genesis.ts';

const alice = testKey('alice');
const mallory = testKey('mallory');

function contextAt(state: State, timestamp: number): BlockContext {
  return {
    height: height(1),
    timestamp: timestampMs(timestamp),
    proposer: validatorIndex(0),
    config: [...state.epochConfigs.unorderedEntries()].map(([, config]) => config)[0] as never,
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
}

const CANCEL_ALL = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) } as const;
const TRANSFER = {
  selector: ACTION.transfer,
  value: {
    fromSubAccount: subAccount(0),
    to: new Uint8Array(20),
    toSubAccount: subAccount(0),
    denomination: 0,
    amount: 1n,
  },
} as const;

function bodyOf(changes: Partial<TransactionBody> = {}): TransactionBody {
  return {
    account: fromHex(alice.address) ?? new Uint8Array(20),
    nonce: START,
    expiresAt: timestampMs(START + 60_000),
    signers: [{ scheme: SCHEME.ed25519, publicKey: alice.publicKey }],
    actions: [CANCEL_ALL],
    ...changes,
  };
}

/** Code of the refusal, or `admitted`. */
function outcome(state: State, body: TransactionBody, usage: BlockUsage = new Map()): string {
  const result = admit(state, contextAt(state, START), body, usage);
  return result.ok ? 'admitted' : result.error.code;
}

describe('admission: one row per refusal, in order of precedence', () => {
  const HOUR = 3_600_000;
  const rows: readonly [code: string, changes: Partial<TransactionBody>][] = [
    ['expired', { expiresAt: timestampMs(START - 1), account: new Uint8Array(20) }],
    [
      'unknown_account',
      {
        account: new Uint8Array(20),
        signers: [{ scheme: 3 as never, publicKey: new Uint8Array(33) }],
      },
    ],
    [
      'unsupported_scheme',
      { signers: [{ scheme: 3 as never, publicKey: new Uint8Array(33) }], nonce: 0 },
    ],
    ['unknown_key', { signers: [{ scheme: 0, publicKey: mallory.publicKey }], nonce: 0 }],
    ['nonce_too_old', { nonce: START - 48 * HOUR }],
    ['nonce_too_new', { nonce: START + 24 * HOUR }],
  ];
  it('has its rows in the order of the error table', () => {
    const table = Object.keys(RUNTIME_ERRORS);
    const positions = rows.map(([code]) => table.indexOf(code));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });
  it.each(rows)('%s', (code, changes) => {
    const { state } = builtGenesis();
    expect(outcome(state, bodyOf(changes))).toBe(code);
  });

  it('admits nonces at both ends of the window', () => {
    const { state } = builtGenesis();
    expect(outcome(state, bodyOf({ nonce: START - 48 * HOUR + 1 }))).toBe('admitted');
    expect(outcome(state, bodyOf({ nonce: START + 24 * HOUR - 1 }))).toBe('admitted');
  });

  it('registers the implicit owner key once and uses the nonce once', () => {
    const { state } = builtGenesis();
    expect(outcome(state, bodyOf())).toBe('admitted');
    expect(outcome(state, bodyOf())).toBe('nonce_used');
    expect(outcome(state, bodyOf({ nonce: START + 1 }))).toBe('admitted');
    const account = state.accounts.must(alice.address);
    expect(account.keys.map(({ role, removed }) => ({ role, removed }))).toEqual([
      { role: ROLE.owner, removed: false },
    ]);
  });

  it('refuses a removed key for ever, before it looks at the nonce', () => {
    const { state } = builtGenesis();
    outcome(state, bodyOf());
    const account = state.accounts.must(alice.address);
    for (const key of account.keys) key.removed = true;
    expect(outcome(state, bodyOf({ nonce: 0 }))).toBe('removed_key');
  });

  it('lets a trading key trade and not transfer', () => {
    const { state } = builtGenesis();
    const account = state.accounts.must(alice.address);
    account.keys.push({
      scheme: SCHEME.ed25519,
      publicKey: mallory.publicKey,
      role: ROLE.trade,
      factorGroup: 0,
      addedAt: timestampMs(START),
      removed: false,
    });
    const signers = [{ scheme: SCHEME.ed25519, publicKey: mallory.publicKey }];
    expect(outcome(state, bodyOf({ signers, actions: [TRANSFER] }))).toBe('role_forbids');
    expect(outcome(state, bodyOf({ signers }))).toBe('admitted');
  });

  it('keeps nonces of two keys apart', () => {
    const { state } = builtGenesis();
    const account = state.accounts.must(alice.address);
    outcome(state, bodyOf());
    account.keys.push({
      scheme: SCHEME.ed25519,
      publicKey: mallory.publicKey,
      role: ROLE.trade,
      factorGroup: 0,
      addedAt: timestampMs(START),
      removed: false,
    });
    const signers = [{ scheme: SCHEME.ed25519, publicKey: mallory.publicKey }];
    expect(outcome(state, bodyOf({ signers }))).toBe('admitted');
  });

  it('once the window is full, takes only nonces above its smallest', () => {
    const { state } = builtGenesis();
    for (let i = 0; i < NONCE_WINDOW; i++) {
      expect(outcome(state, bodyOf({ nonce: START + 2 * i }))).toBe('admitted');
    }
    expect(outcome(state, bodyOf({ nonce: START - 1 }))).toBe('nonce_too_old');
    expect(outcome(state, bodyOf({ nonce: START }))).toBe('nonce_used');
    expect(outcome(state, bodyOf({ nonce: START + 1 }))).toBe('admitted');
    // The smallest was dropped to make room, and can never be used again.
    expect(outcome(state, bodyOf({ nonce: START }))).toBe('nonce_too_old');
  });

  it('bounds the transactions of one key in a block', () => {
    const { state } = builtGenesis();
    const usage: BlockUsage = new Map();
    for (let i = 0; i < MAX_TRANSACTIONS_PER_KEY; i++) {
      expect(outcome(state, bodyOf({ nonce: START + i }), usage)).toBe('admitted');
    }
    expect(outcome(state, bodyOf({ nonce: START + 9_999 }), usage)).toBe('too_many_from_key');
    expect(outcome(state, bodyOf({ nonce: START + 9_999 }), new Map())).toBe('admitted');
  });

  it('changes nothing when it refuses', () => {
    const { state } = builtGenesis();
    for (const store of state.stores) store.takeChanges();
    for (const [, changes] of rows) outcome(state, bodyOf(changes));
    expect(state.stores.map(({ dirtyCount }) => dirtyCount)).toEqual(state.stores.map(() => 0));
  });
});
