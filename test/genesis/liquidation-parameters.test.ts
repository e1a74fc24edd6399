/** Parameters of liquidation in a genesis document: whole, or left out. */
import { describe, expect, it } from 'vitest';
import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis, genesisHash } from '../../genesis/document.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import {
  DEFAULT_LIQUIDATION_PARAMETERS as DEFAULTS,
  liquidationParametersOf,
} from '../../runtime/liquidation/parameters.ts';
import { genesisJson } from '../fixtures/genesis.ts';

function check(liquidation: unknown) {
  const json = genesisJson();
  return checkGenesis(liquidation === undefined ? json : { ...json, liquidation });
}

function mustCheck(liquidation: unknown) {
  const checked = check(liquidation);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
}

describe('liquidation parameters of a genesis document', () => {
  it('are the defaults where they are left out, and the same document as with them written', () => {
    const left = toHex(genesisHash(mustCheck(undefined)));
    expect(toHex(genesisHash(mustCheck(DEFAULTS)))).toBe(left);
    expect(toHex(genesisHash(mustCheck({ ...DEFAULTS, feeBps: 999 })))).not.toBe(left);
  });

  it('are what the chain starts with', () => {
    const { state } = buildGenesis(mustCheck({ ...DEFAULTS, insuranceHourBps: 500 }));
    expect(liquidationParametersOf(state)).toEqual({ ...DEFAULTS, insuranceHourBps: 500 });
  });

  it.each([
    ['one is out of its range', { ...DEFAULTS, bufferBps: 10_001 }, 'liquidation.bufferBps'],
    ['one is missing', { ...DEFAULTS, slowMs: undefined }, 'liquidation.slowMs'],
    ['one is unknown', { ...DEFAULTS, fee: 1 }, 'liquidation.fee'],
    ['the price would rise', { ...DEFAULTS, startBps: 6_000 }, 'liquidation'],
  ])('are refused where %s', (_what, liquidation, field) => {
    const checked = check(liquidation);
    expect(checked.ok ? [] : checked.error.map((problem) => problem.field)).toContain(field);
  });
});
