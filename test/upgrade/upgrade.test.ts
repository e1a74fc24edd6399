/** Upgrades on whole blocks: plan, readiness, slips, the switch at the boundary, and overrides. */
import { describe, expect, test } from 'vitest';
import { missingVersions, upgradeText } from '../../node/release.ts';
import type { Action } from '../../runtime/action.ts';
import { GOVERNANCE_ACTION } from '../../runtime/actions/governance.ts';
import { asciiBytes, toHex } from '../../runtime/core/bytes.ts';
import { epoch } from '../../runtime/core/units.ts';
import { refusal, refusalRecord } from '../../runtime/error.ts';
import { EVENT } from '../../runtime/event.ts';
import { executeBlock } from '../../runtime/execute.ts';
import { NO_BALLOT, proposalId } from '../../runtime/governance/ballot.ts';
import { CONTENT } from '../../runtime/governance/content.ts';
import { DEFAULT_GOVERNANCE_PARAMETERS } from '../../runtime/governance/governance-parameters.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { moduleVersion, RUNTIME_MODULE } from '../../runtime/upgrade/modules.ts';
import { parseVersion } from '../../runtime/upgrade/parse-version.ts';
import { MAX_SLIPS, UPGRADE_CHANGE } from '../../runtime/upgrade/upgrade.ts';
import { runBlock, startChain, type TestChain, transactionOf } from '../fixtures/chain.ts';
import { builtGenesis, type TestKey, testKey, validatorKeys } from '../fixtures/genesis.ts';

const EPOCH_MS = 5_000;
const OPTIONS = {
  epochMs: EPOCH_MS,
  governance: {
    ...DEFAULT_GOVERNANCE_PARAMETERS,
    minDepositMil: 100,
    votingMs: 3_000,
    expeditedVotingMs: 1_000,
    timelockMs: 1_000,
    timelockFloorMs: 1_000,
    guardian: null,
  },
} as const;
const CODE = new Uint8Array(32).fill(7);
/** No instrument has this number. */
const DEAD = 4_000_000 as never;
const MATCHING_2 = { module: RUNTIME_MODULE.matching, version: 2 };

/** Carries out actions in a block of their own; the names of their results. */
function act(chain: TestChain, key: TestKey, ...actions: Action[]): (number | 'ok')[] {
  const { receipts } = runBlock(chain, [transactionOf(chain, key, actions)]);
  return (receipts[0]?.results ?? []).map((result) =>
    result.selector === ACTION_RESULT.refused ? result.value.number : 'ok',
  );
}
const operator = (index: number): TestKey => validatorKeys(index).operator;
const numberOf = (code: Parameters<typeof refusal>[0]): number =>
  refusalRecord(refusal(code)).number;

function propose(chain: TestChain, version: object): (number | 'ok')[] {
  return act(chain, testKey('alice'), {
    selector: GOVERNANCE_ACTION.submitProposal,
    value: {
      title: asciiBytes('Upgrade'),
      summary: new Uint8Array(0),
      content: {
        selector: CONTENT.upgrade,
        value: { ...MATCHING_2, epoch: epoch(0), codeHash: CODE, ...version },
      },
      expedited: false,
      deposit: 100_000_000n,
    },
  });
}
const ready = (over: object = {}): Action => ({
  selector: GOVERNANCE_ACTION.signalReady,
  value: { ...MATCHING_2, codeHash: CODE, ...over },
});
const planOf = ({ state }: TestChain) => state.governance.upgrades.get(RUNTIME_MODULE.matching);
const versionIn = (state: State, of: number): number =>
  moduleVersion(state.epochConfigs.must(epoch(of)), RUNTIME_MODULE.matching);

/** A chain on which a vote has decided on matching 2. */
function planned(): TestChain {
  const chain = startChain(OPTIONS);
  expect(propose(chain, {})).toEqual(['ok']);
  while (chain.state.governance.validatorTallies.size === 0) runBlock(chain);
  const ballot = { ...NO_BALLOT, yes: 10_000 };
  for (let index = 0; index < 4; index++) {
    const value = { proposal: proposalId(1), ballot };
    act(chain, operator(index), { selector: GOVERNANCE_ACTION.castValidatorVote, value });
  }
  while (planOf(chain) === undefined) runBlock(chain);
  return chain;
}
/** Runs on until an upgrade says this of itself; the epoch it names. */
function runUntil(chain: TestChain, change: number, most = 200): number {
  for (let n = 0; n < most; n++) {
    for (const event of runBlock(chain).events) {
      if (event.selector === EVENT.upgradeChanged && event.value.change === change) {
        return event.value.epoch;
      }
    }
  }
  throw new Error('it does not come');
}

test('what a vote may decide on, and who may say to be ready, in order', () => {
  const fresh = startChain(OPTIONS);
  expect(propose(fresh, { module: 9 })).toEqual([numberOf('unknown_module')]);
  expect(propose(fresh, { version: 3 })).toEqual([numberOf('version_not_next')]);
  expect(propose(fresh, { version: 1 })).toEqual([numberOf('version_not_next')]);
  expect(act(fresh, operator(0), ready())).toEqual([numberOf('no_upgrade')]);
  const chain = planned();
  expect(propose(chain, {})).toEqual([numberOf('upgrade_planned')]);
  expect(act(chain, testKey('alice'), ready())).toEqual([numberOf('not_operator')]);
  expect(act(chain, operator(0), ready({ version: 3 }))).toEqual([numberOf('no_upgrade')]);
  const other = { codeHash: new Uint8Array(32) };
  expect(act(chain, operator(0), ready(other))).toEqual([numberOf('wrong_code')]);
  expect(act(chain, operator(0), ready(), ready())).toEqual(['ok', 'ok']);
});

describe('a planned version', () => {
  test('comes with the first config of which five sixths are ready, and migrates its tables once', () => {
    const chain = planned();
    const { state } = chain;
    // Three of four are three quarters: too few.
    for (let index = 0; index < 3; index++) act(chain, operator(index), ready());
    runUntil(chain, UPGRADE_CHANGE.slipped);
    expect(planOf(chain)?.slips).toBeGreaterThan(0);
    act(chain, operator(3), ready());
    const from = runUntil(chain, UPGRADE_CHANGE.scheduled);
    expect(from).toBe(metaOf(state).epoch + 2);
    expect([from - 1, from].map((of) => versionIn(state, of))).toEqual([1, 2]);
    expect(state.governance.upgrades.size + state.governance.readiness.size).toBe(0);
    // A row that version 2 does not keep: of an instrument that is not there any more.
    state.lastTrades.set(DEAD, { instrument: DEAD, price: 1, height: 1, previous: 0 } as never);
    expect(runUntil(chain, UPGRADE_CHANGE.migrated)).toBe(from);
    expect(metaOf(state).epoch).toBe(from);
    expect(state.lastTrades.has(DEAD)).toBe(false);
    state.lastTrades.set(DEAD, { instrument: DEAD, price: 1, height: 1, previous: 0 } as never);
    for (let n = 0; n < 25; n++) runBlock(chain);
    expect(state.lastTrades.has(DEAD)).toBe(true);
    expect(versionIn(state, metaOf(state).epoch)).toBe(2);
  });

  test('slips five times, and is given up', () => {
    const chain = planned();
    for (let slip = 1; slip <= MAX_SLIPS; slip++) {
      runUntil(chain, UPGRADE_CHANGE.slipped);
      expect(planOf(chain)?.slips).toBe(slip);
    }
    runUntil(chain, UPGRADE_CHANGE.expired);
    expect(planOf(chain)).toBeUndefined();
    expect(versionIn(chain.state, metaOf(chain.state).epoch)).toBe(1);
    // It can be voted on again.
    expect(propose(chain, {})).toEqual(['ok']);
  });
});

/** Executes final blocks from genesis, as a node does that lost its state; roots of tables as text. */
function replayed(chain: TestChain, overrides: State['overrides']): string {
  const { state } = builtGenesis(OPTIONS);
  state.overrides = overrides;
  for (const { block, hash } of chain.blocks) executeBlock(state, block, hash);
  return rowsOf(state);
}
function rowsOf(state: State): string {
  return state.stores
    .flatMap((store) =>
      [...store.encodedRows()].map(([key, row]) => `${store.id} ${toHex(key)} ${toHex(row)}`),
    )
    .join('\n');
}

test('recovery from a bad release: an override executes final blocks again, to the state of the others', () => {
  const chain = planned();
  for (let index = 0; index < 4; index++) act(chain, operator(index), ready());
  runUntil(chain, UPGRADE_CHANGE.migrated);
  const { height } = metaOf(chain.state);
  const dead = { instrument: DEAD, price: 1, height: 1, previous: 0 };
  for (let n = 0; n < 10; n++) runBlock(chain);
  // Nodes agree as long as they execute by the same versions.
  expect(replayed(chain, [])).toBe(rowsOf(chain.state));
  const back = [{ module: RUNTIME_MODULE.matching, version: 1, fromHeight: height }];
  // All validators go back to version 1 from there on: what the bad release did is as if never done.
  const state = builtGenesis(OPTIONS).state;
  state.overrides = back;
  for (const { block, hash } of chain.blocks) {
    if (block.header.height === height) state.lastTrades.set(DEAD, dead as never);
    executeBlock(state, block, hash);
  }
  expect(state.lastTrades.has(DEAD)).toBe(true);
  // The same from every node that does so, and again.
  expect(replayed(chain, back)).toBe(replayed(chain, back));
  expect(versionIn(state, metaOf(state).epoch)).toBe(2);
  // Forward, to a version that mends it, it migrates at the height that was agreed on.
  const early = [{ module: RUNTIME_MODULE.matching, version: 2, fromHeight: 3 }];
  const forward = builtGenesis(OPTIONS).state;
  forward.overrides = early;
  for (const { block, hash } of chain.blocks.slice(0, 4)) {
    if (block.header.height === 3) forward.lastTrades.set(DEAD, dead as never);
    executeBlock(forward, block, hash);
    expect(forward.lastTrades.has(DEAD)).toBe(false);
  }
});

test('a release says what it lacks, and reads what its operator orders', () => {
  const [config] = builtGenesis(OPTIONS).configs;
  const whole = { without: [], overrides: [] };
  expect(missingVersions(whole, config)).toEqual([]);
  const later = {
    ...config,
    moduleVersions: [
      { module: 1, version: 3 },
      { module: 7, version: 1 },
    ],
  };
  const missing = missingVersions(whole, later);
  expect(upgradeText(later, missing)).toBe(
    'epoch 0 needs matching 3, module 7 1, which this release lacks: ' +
      'install a release with matching 3, module 7 1 and start it',
  );
  const held = { ...config, moduleVersions: [MATCHING_2] };
  expect(missingVersions(whole, held)).toEqual([]);
  expect(missingVersions({ ...whole, without: [MATCHING_2] }, held)).toEqual([MATCHING_2]);
  expect(parseVersion('staking=2@40')).toEqual({ module: 2, version: 2, fromHeight: 40 });
  for (const bad of ['', 'matching', 'matching=0', 'other=2', 'matching=2@', 'matching=2@x']) {
    expect(parseVersion(bad)).toBeUndefined();
  }
});
