/** Staking in whole blocks: transactions, epochs that elect, a node that loads the state from disk. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { KIND, type Subject, voteDigest } from '../../consensus/messages.ts';
import type { Action } from '../../runtime/action.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { PAYLOAD } from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import { STAKING_ACTION } from '../../staking/actions.ts';
import { possessionDigest } from '../../staking/possession.ts';
import { stakingProblems } from '../../staking/problems.ts';
import { KEY_ROLE, type KeyRole } from '../../staking/validator.ts';
import { accountOf, signedTransaction } from '../fixtures/block.ts';
import { runBlock, startChain, type TestChain, transactionOf } from '../fixtures/chain.ts';
import { type TestKey, testKey, validatorKeys } from '../fixtures/genesis.ts';
import { MIL, V } from '../fixtures/staking.ts';
import { reloaded } from '../fixtures/state.ts';

/** One action in a block of its own; its result. */
function act(chain: TestChain, key: TestKey, action: Action) {
  const { receipts } = runBlock(chain, [transactionOf(chain, key, [action])]);
  const result = receipts[0]?.results[0];
  if (result === undefined) throw new Error('no receipt');
  return result;
}

/** Blocks until the epoch begins. */
function runUntil(chain: TestChain, wanted: number): void {
  for (let blocks = 0; metaOf(chain.state).epoch < wanted; blocks++) {
    if (blocks > 400) throw new Error(`epoch ${wanted} does not come`);
    runBlock(chain, [], { stepMs: 5_000 });
  }
}

function proven(chain: TestChain, operator: TestKey, role: KeyRole, name: string) {
  const { seed, publicKey: key } = testKey(name);
  const possession = { operator: accountOf(operator), role, key };
  return { key, proof: ed25519.sign(possessionDigest(chain.chainId, possession), seed) };
}

test('an account becomes a validator, serves from the epoch after the next, and leaves', () => {
  const chain = startChain();
  const alice = testKey('alice');
  const value = {
    consensus: proven(chain, alice, KEY_ROLE.consensus, 'alice consensus'),
    oracle: proven(chain, alice, KEY_ROLE.oracle, 'alice oracle'),
    peer: proven(chain, alice, KEY_ROLE.peer, 'alice peer'),
    moniker: new Uint8Array(0),
    addresses: [],
    commissionBps: 500,
    maxCommissionBps: 1_000,
    maxCommissionStepBps: 100,
    selfBond: 500_000n * MIL,
  };
  const action: Action = { selector: STAKING_ACTION.createValidator, value };
  const asked = metaOf(chain.state).epoch;
  expect(act(chain, alice, action).selector).toBe(ACTION_RESULT.validator);
  const weightOf = (): bigint =>
    chain.state.epochConfigs
      .must(metaOf(chain.state).epoch)
      .validators.find(({ operator }) => toHex(operator) === alice.address)?.weight ?? 0n;
  runUntil(chain, asked + 1);
  expect(weightOf()).toBe(0n);
  runUntil(chain, asked + 2);
  expect(weightOf()).toBe(500_000n);
  act(chain, alice, { selector: STAKING_ACTION.changeStanding, value: { change: 2 } });
  const leaving = metaOf(chain.state).epoch;
  runUntil(chain, leaving + 1);
  expect(weightOf()).toBe(500_000n);
  runUntil(chain, leaving + 2);
  expect(weightOf()).toBe(0n);
  expect(stakingProblems(chain.state)).toEqual([]);
  expect(conservationProblems(chain.state)).toEqual([]);
});

test('a node that loaded the state from disk elects and pays alike', () => {
  const chain = startChain();
  const [alice, bob] = [testKey('alice'), testKey('bob')];
  const delegate = (n: number, mil: bigint): Action => ({
    selector: STAKING_ACTION.delegate,
    value: { validator: V(n), amount: mil * MIL },
  });
  act(chain, alice, delegate(1, 1_000n));
  act(chain, bob, delegate(2, 2_000n));
  runUntil(chain, 2);
  act(chain, bob, {
    selector: STAKING_ACTION.redelegate,
    value: { from: V(2), to: V(3), amount: 0n },
  });
  const copy: TestChain = { ...chain, state: reloaded(chain.state), blocks: [...chain.blocks] };
  for (const each of [chain, copy]) {
    runUntil(each, 5);
    act(each, alice, { selector: STAKING_ACTION.claimRewards, value: { validator: V(1) } });
    act(each, bob, { selector: STAKING_ACTION.claimRewards, value: { validator: V(3) } });
  }
  for (const [position, store] of chain.state.stores.entries()) {
    const rows = [...store.encodedRows()].map(([key, value]) => toHex(key) + toHex(value));
    const other = copy.state.stores[position]?.encodedRows() ?? [];
    expect(
      [...other].map(([key, value]) => toHex(key) + toHex(value)),
      store.name,
    ).toEqual(rows);
  }
  expect(stakingProblems(chain.state)).toEqual([]);
});

test('a double vote in a transaction: both signatures are verified at the vote, the stake burns', () => {
  const chain = startChain();
  const { consensus } = validatorKeys(0);
  const entries = chain.state.staking.epochStakes.must(epoch(0)).entries;
  const signer = validatorIndex(
    entries.findIndex(({ consensusKey }) => toHex(consensusKey) === toHex(consensus.publicKey)),
  );
  const vote = (name: string) => {
    const subject: Subject = {
      selector: KIND.finalize,
      value: {
        epoch: epoch(0),
        view: view(3),
        parentView: view(2),
        payload: testKey(name).publicKey,
      },
    };
    const signature = ed25519.sign(voteDigest(chain.chainId, subject), consensus.seed);
    return { subject, signer, signature };
  };
  const value = { origin: 1, publicKey: consensus.publicKey, first: vote('a'), second: vote('b') };
  const action = { selector: STAKING_ACTION.submitEvidence, value } as Action;
  const transaction = signedTransaction(chain.chainId, testKey('alice'), {
    nonce: chain.now + 1,
    expiresAt: chain.now + 60_000,
    actions: [action],
  });
  const config = chain.state.epochConfigs.must(epoch(0));
  const payload = { selector: PAYLOAD.transaction, value: transaction } as const;
  const checks = signatureChecks(payload, chain.chainId, config) ?? [];
  expect(checks).toHaveLength(3);
  for (const { publicKey, digest, signature } of checks) {
    expect(ed25519.verify(signature, digest, publicKey)).toBe(true);
  }
  chain.nonce += 10;
  const result = act(chain, testKey('alice'), action);
  // One of four equal validators: φ = 3 × ¼.
  expect(result).toEqual({
    selector: ACTION_RESULT.burned,
    value: { burned: 750_000n * MIL, reward: 0n },
  });
  expect(stakingProblems(chain.state)).toEqual([]);
  expect(conservationProblems(chain.state)).toEqual([]);
});
