/**
 * The state at height 0: balances, validators' stake, parameters, underlyings, and the configs of
 * epochs 0 and 1.
 *
 * Invariants: the same document gives the same state and the same chain id on every machine.
 */
import { ensureAccount } from '../runtime/accounts/create-account.ts';
import { DENOMINATION } from '../runtime/actions/transfer.ts';
import type { Header } from '../runtime/block.ts';
import { toHex, ZERO_32 } from '../runtime/core/bytes.ts';
import {
  accountId,
  address,
  type Epoch,
  epoch,
  height,
  instrumentId,
  orderId,
  portfolioId,
  subAccount,
  type TimestampMs,
  timestampMs,
  validatorIndex,
  view,
} from '../runtime/core/units.ts';
import { type EpochConfig, epochConfigHash } from '../runtime/epoch-config.ts';
import { seedGovernance } from '../runtime/governance/seed.ts';
import { mint } from '../runtime/ledger/ledger.ts';
import { FIRST_ACCOUNT_ID, MODULE } from '../runtime/ledger/module-accounts.ts';
import { SINGLETON_KEY } from '../runtime/state/key-codec.ts';
import { rebuildDerived } from '../runtime/state/rebuild.ts';
import { emptyState, type State } from '../runtime/state/state.ts';
import { FIRST_VERSIONS } from '../runtime/upgrade/modules.ts';
import { leaderSeed } from '../staking/epoch.ts';
import { seedStaking } from '../staking/seed.ts';
import { type Genesis, genesisHash } from './document.ts';

/** Versions of the runtime's modules that a new chain starts with. */
const GENESIS_MODULE_VERSIONS = [...FIRST_VERSIONS];

export type BuiltGenesis = {
  readonly state: State;
  /** Genesis hash: the chain id, and the parent hash of block 1. */
  readonly chainId: Uint8Array;
  readonly configs: readonly [EpochConfig, EpochConfig];
  readonly time: TimestampMs;
};

function configOf(genesis: Genesis, chainId: Uint8Array, number: 0 | 1): EpochConfig {
  const target: Epoch = epoch(number);
  return {
    epoch: target,
    endsAt: timestampMs(genesis.time + (number + 1) * genesis.parameters.epochMs),
    validators: genesis.validators,
    leaderSeed: leaderSeed(chainId, target),
    limits: genesis.limits,
    pacing: genesis.pacing,
    moduleVersions: GENESIS_MODULE_VERSIONS,
  };
}

/** Configs of epochs 0 and 1, which the document fixes. */
export function genesisConfigs(genesis: Genesis): readonly [EpochConfig, EpochConfig] {
  const chainId = genesisHash(genesis);
  return [configOf(genesis, chainId, 0), configOf(genesis, chainId, 1)];
}

/** Builds height 0 of a checked document. */
export function buildGenesis(genesis: Genesis): BuiltGenesis {
  const chainId = genesisHash(genesis);
  const configs = [configOf(genesis, chainId, 0), configOf(genesis, chainId, 1)] as const;
  const state = emptyState(chainId);
  state.meta.set(SINGLETON_KEY, {
    height: height(0),
    timestamp: genesis.time,
    epoch: epoch(0),
    previousEpochLastHeight: height(0),
    nextAccountId: accountId(FIRST_ACCOUNT_ID),
    nextInstrumentId: instrumentId(1),
    nextOrderId: orderId(1),
  });
  state.parameters.set(SINGLETON_KEY, genesis.parameters);
  for (const underlying of genesis.underlyings) state.underlyings.set(underlying.id, underlying);
  for (const { underlying, parameters } of genesis.riskParameters) {
    state.riskParameters.set(underlying, { underlying, parameters, change: [] });
  }
  state.feeSchedule.set(SINGLETON_KEY, { tiers: genesis.feeTiers });
  state.liquidationParameters.set(SINGLETON_KEY, genesis.liquidation);
  seedGovernance(state, genesis.governance);
  for (const config of configs) state.epochConfigs.set(config.epoch, config);

  const context = { timestamp: genesis.time, events: [] };
  for (const { address: raw, usd, mil } of genesis.accounts) {
    const account = ensureAccount(state, context, address(toHex(raw)));
    const portfolio = portfolioId(account, subAccount(0));
    mint(state, portfolio, DENOMINATION.usd, usd);
    mint(state, portfolio, DENOMINATION.mil, mil);
  }
  const validators = genesis.validators.map((entry) => ({
    operator: ensureAccount(state, context, address(toHex(entry.operator))),
    entry,
  }));
  seedStaking(state, { time: genesis.time, parameters: genesis.staking, validators });
  mint(state, MODULE.insurance, DENOMINATION.usd, genesis.insurance);
  rebuildDerived(state);
  return { state, chainId, configs, time: genesis.time };
}

/**
 * The header that stands for height 0: parent of block 1. Its hash is not computed from it: block 1
 * names the chain id as its parent.
 */
export function genesisHeader(built: BuiltGenesis, stateRoot: Uint8Array): Header {
  const [first, next] = built.configs;
  return {
    height: height(0),
    view: view(0),
    epoch: epoch(0),
    parent: ZERO_32,
    timestamp: built.time,
    proposer: validatorIndex(0),
    transactionsRoot: ZERO_32,
    executed: { height: height(0), stateRoot, receiptsRoot: ZERO_32 },
    config: epochConfigHash(first),
    nextConfig: epochConfigHash(next),
  };
}
