/**
 * `npm run bench -- staking`: an epoch boundary over 100 validators and a million delegations, the
 * same over ten thousand, and claims.
 *
 * Figures are medians of several epochs, each after fees, joins, exits and redelegations.
 */
import { ensureAccount } from '../runtime/accounts/create-account.ts';
import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { asciiBytes, fromHex, toHex } from '../runtime/core/bytes.ts';
import { sha256 } from '../runtime/core/hash.ts';
import {
  type AccountId,
  accountId,
  address,
  epoch,
  height,
  instrumentId,
  orderId,
  timestampMs,
  view,
  weight,
} from '../runtime/core/units.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';
import { mint } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { SINGLETON_KEY } from '../runtime/state/key-codec.ts';
import { emptyState } from '../runtime/state/state.ts';
import { claimRewards } from '../staking/claim-rewards.ts';
import { purse, type StakingContext } from '../staking/context.ts';
import { delegate } from '../staking/delegate.ts';
import { emptyDelegation } from '../staking/delegation.ts';
import { beginStakingBlock, endStakingEpoch } from '../staking/end-epoch.ts';
import { delegationKey, type ValidatorId, validatorId } from '../staking/ids.ts';
import { DEFAULT_STAKING_PARAMETERS } from '../staking/parameters.ts';
import { zeroAmounts } from '../staking/rewards.ts';
import { seedStaking } from '../staking/seed.ts';
import type { StakingState } from '../staking/tables.ts';
import { undelegate } from '../staking/undelegate.ts';
import { type BenchOptions, median, remark, reportFigure, timeMs } from './report.ts';

const VALIDATORS = 100;
const START = 1_764_576_000_000;
const EPOCHS = 9;
/** Acts of each kind in an epoch. */
const ACTS = 200;
const CLAIMS = 20_000;
const FIRST_DELEGATOR = 100_000;
const MIL = 1_000_000n;

type Bed = { readonly state: StakingState; config: EpochConfig; now: number };

/** Number of the account of delegation `n`; its validator is the remainder by `VALIDATORS`. */
const delegator = (n: number): AccountId => accountId(FIRST_DELEGATOR + n);
const chosen = (n: number): ValidatorId => validatorId(1 + (n % VALIDATORS));

function build(delegations: number): Bed {
  const state: StakingState = emptyState(new Uint8Array(32));
  const context = { timestamp: timestampMs(START), events: [] };
  state.meta.set(SINGLETON_KEY, {
    height: height(0),
    timestamp: timestampMs(START),
    epoch: epoch(0),
    previousEpochLastHeight: height(0),
    nextAccountId: accountId(1_024),
    nextInstrumentId: instrumentId(1),
    nextOrderId: orderId(1),
  });
  const named = (name: string): Uint8Array => sha256(asciiBytes(name)).slice();
  const validators = Array.from({ length: VALIDATORS }, (_, index) => {
    const operator = named(`operator ${index}`).slice(0, 20);
    return {
      operator: ensureAccount(state, context, address(toHex(operator))),
      entry: {
        operator,
        consensusKey: named(`consensus ${index}`),
        oracleKey: named(`oracle ${index}`),
        peerKey: named(`peer ${index}`),
        weight: weight(100_000n),
        addresses: [],
      },
    };
  }).sort((a, b) => (toHex(a.entry.operator) < toHex(b.entry.operator) ? -1 : 1));
  seedStaking(state, {
    time: timestampMs(START),
    parameters: DEFAULT_STAKING_PARAMETERS,
    validators,
  });
  for (let n = 0; n < delegations; n++) {
    const pool = state.staking.pools.must(chosen(n));
    pool.tokens += 100n * MIL;
    pool.shares += 100n * MIL;
    const row = { ...emptyDelegation(zeroAmounts()), shares: 100n * MIL };
    state.staking.delegations.set(delegationKey.pack(delegator(n), chosen(n)), row);
  }
  mint(state, MODULE.bonded, DENOMINATION.mil, BigInt(delegations) * 100n * MIL);
  const config: EpochConfig = {
    epoch: epoch(0),
    endsAt: timestampMs(START + 3_600_000),
    validators: validators.map(({ entry }) => entry),
    leaderSeed: fromHex('00'.repeat(32)) ?? new Uint8Array(32),
    limits: { maxBytes: 4_194_304, maxPayloads: 8_192, maxWeight: 1_000_000 },
    pacing: {
      minBlockIntervalMs: 40,
      idleBlockMs: 500,
      deltaMs: 250,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 20_000,
    },
    moduleVersions: [],
  };
  return { state, config, now: START };
}

function contextOf({ config, now }: Bed): StakingContext {
  return { timestamp: timestampMs(now), config, events: [] };
}

/** One epoch with traffic; returns how long its boundary took. */
function runEpoch(bed: Bed, number: number): number {
  const { state } = bed;
  bed.now += 60_000;
  for (let n = 0; n < ACTS; n++) {
    const each = number * ACTS + n;
    mint(state, purse(delegator(each)), DENOMINATION.mil, MIL);
    delegate(state, contextOf(bed), delegator(each), { validator: chosen(each), amount: MIL });
    const leaver = delegator(each + 5_000);
    undelegate(state, contextOf(bed), leaver, { validator: chosen(each + 5_000), amount: MIL });
  }
  mint(state, MODULE.rewards, DENOMINATION.usd, 1_000_000n * MIL);
  beginStakingBlock(state, contextOf(bed), {
    view: view(1),
    sinceParentMs: 60_000,
    oracleSlotMs: 1e9,
  });
  const elapsed = timeMs(() => endStakingEpoch(state, contextOf(bed)));
  bed.config = { ...bed.config, epoch: epoch(bed.config.epoch + 1) };
  return elapsed;
}

/** Median boundary, in ms, of a chain with so many delegations. */
function boundaryMs(bed: Bed): number {
  return median(Array.from({ length: EPOCHS }, (_, number) => runEpoch(bed, number)));
}

export async function run(options: BenchOptions): Promise<void> {
  const report = (metric: string, value: number, unit: string): void =>
    reportFigure({ bench: 'staking', case: '100 validators', metric, value, unit }, options);
  // The first epochs of a process measure its compiler.
  boundaryMs(build(1_000));
  report('epoch_ms_at_10k_delegations', boundaryMs(build(10_000)), 'ms');
  remark('building 1,000,000 delegations', options);
  const bed = build(1_000_000);
  report('epoch_ms', boundaryMs(bed), 'ms');
  const context = contextOf(bed);
  const samples = Array.from({ length: 5 }, (_, sample) =>
    timeMs(() => {
      for (let n = 0; n < CLAIMS; n++) {
        const each = 100_000 + sample * CLAIMS + n;
        const claimed = claimRewards(bed.state, context, delegator(each), {
          validator: chosen(each),
        });
        if (!claimed.ok) throw new Error(`claim ${each}: ${claimed.error.code}`);
      }
    }),
  );
  report('claim_us', (median(samples) / CLAIMS) * 1_000, 'µs');
}
