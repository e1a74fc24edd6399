import { describe, expect, it } from 'vitest';
import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis, genesisHash } from '../../genesis/document.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { portfolioId, subAccount } from '../../runtime/core/units.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { genesisJson, testKey } from '../fixtures/genesis.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is broken at an arbitrary place
type Json = any;

function mustCheck(json: unknown) {
  const checked = checkGenesis(json);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
}

describe('genesis document', () => {
  it('accepts a valid document and hashes it the same whatever the order of its lists', () => {
    const json: Json = genesisJson();
    const shuffled: Json = genesisJson();
    shuffled.validators.reverse();
    shuffled.accounts.reverse();
    shuffled.underlyings.reverse();
    expect(toHex(genesisHash(mustCheck(shuffled)))).toBe(toHex(genesisHash(mustCheck(json))));
  });

  it('gives another chain id when anything in it changes', () => {
    const ids = new Set<string>();
    const changes: ((json: Json) => void)[] = [
      () => undefined,
      (json) => (json.time += 1),
      (json) => (json.name = 'other'),
      (json) => (json.accounts[0].usd = '1000000.000001'),
      (json) => (json.validators[0].weight += 1),
      (json) => (json.parameters.epochMs += 1),
      (json) => (json.pacing.deltaMs += 1),
    ];
    for (const change of changes) {
      const json: Json = genesisJson();
      change(json);
      ids.add(toHex(genesisHash(mustCheck(json))));
    }
    expect(ids.size).toBe(changes.length);
  });

  const broken: readonly [what: string, change: (json: Json) => void, field: string][] = [
    ['no document', () => undefined, '(document)'],
    ['an unknown field', (json) => (json.valdiators = []), 'valdiators'],
    ['a missing field', (json) => delete json.time, 'time'],
    ['a time in the wrong type', (json) => (json.time = '2026'), 'time'],
    ['no validators', (json) => (json.validators = []), 'validators'],
    ['a short key', (json) => (json.validators[1].peerKey = 'abcd'), 'validators[1].peerKey'],
    ['a weight of 0', (json) => (json.validators[0].weight = 0), 'validators[0].weight'],
    [
      'a key twice',
      (json) => (json.validators[0].peerKey = json.validators[1].oracleKey),
      'validators',
    ],
    [
      'an address with a wrong checksum',
      (json) => (json.accounts[0].address = `${json.accounts[0].address.slice(0, -1)}q`),
      'accounts[0].address',
    ],
    ['an account twice', (json) => json.accounts.push(json.accounts[0]), 'accounts'],
    ['seven decimals', (json) => (json.accounts[0].usd = '1.0000001'), 'accounts[0].usd'],
    ['a negative amount', (json) => (json.accounts[0].mil = '-1'), 'accounts[0].mil'],
    ['a number for money', (json) => (json.insurance = 5), 'insurance'],
    ['a limit out of range', (json) => (json.limits.maxBytes = 1), 'limits.maxBytes'],
    ['a pace of 0', (json) => (json.pacing.minBlockIntervalMs = 0), 'pacing.minBlockIntervalMs'],
    [
      'a parameter out of range',
      (json) => (json.parameters.oracleStaleMs = 10),
      'parameters.oracleStaleMs',
    ],
    ['shares above the whole', (json) => (json.parameters.insuranceShareBps = 9_900), 'parameters'],
    [
      'a tick that lots do not divide',
      (json) => (json.underlyings[0].optionTickMicroUsd = 1_000_001),
      'underlyings[0].optionTickMicroUsd',
    ],
    [
      'an even ladder',
      (json) => (json.underlyings[0].strikesListed = 4),
      'underlyings[0].strikesListed',
    ],
    [
      'a strike step that lots do not divide',
      (json) => (json.underlyings[0].strikeStepMicroUsd = 1_000_001),
      'underlyings[0].strikeStepMicroUsd',
    ],
    [
      'a tick table with a gap at its seam',
      (json) => json.underlyings[0].optionTicks.push({ from: 7, multiple: 5 }),
      'underlyings[0].optionTicks',
    ],
    [
      'no tick table',
      (json) => (json.underlyings[0].optionTicks = []),
      'underlyings[0].optionTicks',
    ],
    [
      'a tick of 0',
      (json) => (json.underlyings[1].optionTicks[0] = { from: 0, multiple: 0 }),
      'underlyings[1].optionTicks[0].multiple',
    ],
    [
      'a least size above the greatest',
      (json) => Object.assign(json.underlyings[0], { minOrderLots: 9, maxOrderLots: 8 }),
      'underlyings[0].minOrderLots',
    ],
    [
      'a limit below 0',
      (json) => (json.underlyings[0].maxOpenInterestLots = -1),
      'underlyings[0].maxOpenInterestLots',
    ],
    [
      'no volatility to list by',
      (json) => (json.underlyings[0].defaultVolatilityBps = 0),
      'underlyings[0].defaultVolatilityBps',
    ],
    [
      'fee tiers that do not ascend',
      (json) => {
        const tier = { fromVolumeUsd: 5, makerShareBps: 0, takerShareBps: 0 };
        json.feeTiers = [tier, tier];
      },
      'feeTiers',
    ],
    [
      'a maker share above the base',
      (json) => {
        json.feeTiers = [{ fromVolumeUsd: 5, makerShareBps: 10_001, takerShareBps: 0 }];
      },
      'feeTiers[0].makerShareBps',
    ],
    [
      'an insurance target below 0',
      (json) => (json.parameters.insuranceTargetUsd = -1),
      'parameters.insuranceTargetUsd',
    ],
    ['unequal slots', (json) => (json.parameters.settlementSlots = 7), 'parameters'],
    ['an underlying twice', (json) => (json.underlyings[1].id = 0), 'underlyings'],
  ];
  it.each(broken)('refuses %s and names the field', (what, change, field) => {
    const json: Json = what === 'no document' ? 'text' : genesisJson();
    change(json);
    const checked = checkGenesis(json);
    expect(checked.ok).toBe(false);
    if (checked.ok) return;
    const named = checked.error.find((problem) => problem.field === field);
    expect(named, JSON.stringify(checked.error)).toBeDefined();
    expect(named?.given).not.toBe('');
    expect(named?.allowed).not.toBe('');
  });

  it('reports every problem at once', () => {
    const json: Json = genesisJson();
    json.time = -1;
    json.insurance = 'x';
    const checked = checkGenesis(json);
    expect(checked.ok ? [] : checked.error.map(({ field }) => field).sort()).toEqual([
      'insurance',
      'time',
    ]);
  });
});

describe('genesis state', () => {
  it('holds the balances of the document, conserved', () => {
    const { state } = buildGenesis(mustCheck(genesisJson()));
    const alice = state.accounts.must(testKey('alice').address);
    const portfolio = portfolioId(alice.id, subAccount(0));
    expect(balanceOf(state, portfolio, DENOMINATION.usd)).toBe(1_000_000_000_000n);
    expect(conservationProblems(state)).toEqual([]);
    expect(state.supply.must(DENOMINATION.usd).amount).toBe(2_100_000_000_000n);
    expect(state.supply.must(DENOMINATION.mil).amount).toBe(6_000_000_000_000n);
  });

  it('fixes the configs of epochs 0 and 1 with different leader seeds', () => {
    const { configs, state } = buildGenesis(mustCheck(genesisJson()));
    expect(configs.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(toHex(configs[0].leaderSeed)).not.toBe(toHex(configs[1].leaderSeed));
    expect(state.epochConfigs.size).toBe(2);
  });
});
