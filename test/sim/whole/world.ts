/**
 * The chain that simulated whole nodes run: a real genesis document with short epochs and expiries,
 * in which the stand-in scheme's signatures count (`signature.ts`).
 */
import { buildGenesis } from '../../../genesis/build-state.ts';
import { checkGenesis, type Genesis } from '../../../genesis/document.ts';
import { genesisJson, type TestKey, testKey, validatorKeys } from '../../fixtures/genesis.ts';
import { TEST_PARAMETERS } from '../../fixtures/state.ts';
import { SIM_EPOCH_MS } from '../clock.ts';

/** Public keys of a validator: with the stand-in scheme they sign as well. */
export type ValidatorKeys = ReturnType<typeof validatorKeys>;

export type World = {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly validators: readonly ValidatorKeys[];
  readonly traders: readonly TestKey[];
};

export const MAX_SIM_VALIDATORS = 7;
const TRADERS = ['alice', 'bob', 'carol', 'dave'] as const;

const ALL_VALIDATORS = Array.from({ length: MAX_SIM_VALIDATORS }, (_, index) =>
  validatorKeys(index),
);
const ALL_TRADERS = TRADERS.map(testKey);

/** A world of `weights.length` validators. Epochs and expiries last what is asked for, in ms. */
export function createWorld(options: {
  readonly weights: readonly number[];
  readonly epochMs: number;
  readonly expiryIntervalMs: number;
}): World {
  const { weights, epochMs, expiryIntervalMs } = options;
  const json = genesisJson({
    validators: weights.length,
    time: SIM_EPOCH_MS - 1_000,
    epochMs,
    expiryIntervalMs,
    accounts: TRADERS,
  });
  const validators = json['validators'] as Record<string, unknown>[];
  const checked = checkGenesis({
    ...json,
    validators: validators.map((one, index) => ({ ...one, weight: weights[index] })),
    pacing: {
      minBlockIntervalMs: 150,
      idleBlockMs: 500,
      deltaMs: 100,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 4_000,
    },
    parameters: {
      ...TEST_PARAMETERS,
      epochMs,
      settlementWindowMs: Math.floor(expiryIntervalMs / 2),
      settlementSlots: 10,
    },
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return {
    genesis: checked.value,
    chainId: buildGenesis(checked.value).chainId,
    validators: ALL_VALIDATORS.slice(0, weights.length),
    traders: ALL_TRADERS,
  };
}
