import { describe, expect, it } from 'vitest';
import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis, genesisHash } from '../../genesis/document.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { parametersAt, riskParametersOf } from '../../runtime/margin/mode/risk-parameters.ts';
import { defaultPortfolioParameters } from '../../runtime/margin/portfolio/portfolio-parameters.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { genesisJson } from '../fixtures/genesis.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is changed at an arbitrary place
type Json = any;

/** A document whose first underlying has parameters of its own. */
function withParameters(change: (parameters: Json) => void): Json {
  const json: Json = genesisJson();
  const parameters = structuredClone(defaultPortfolioParameters()) as Json;
  change(parameters);
  json.underlyings[0].riskParameters = parameters;
  return json;
}

function mustCheck(json: Json) {
  const checked = checkGenesis(json);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
}

describe('risk parameters of a genesis document', () => {
  it('are the defaults where they are left out, and the same document as with them written', () => {
    const written = mustCheck(withParameters(() => undefined));
    const left = mustCheck(genesisJson());
    expect(toHex(genesisHash(written))).toBe(toHex(genesisHash(left)));
    const other = mustCheck(withParameters((of) => (of.pegFactorPpm += 1)));
    expect(toHex(genesisHash(other))).not.toBe(toHex(genesisHash(left)));
  });

  it('are what the chain starts with', () => {
    const genesis = mustCheck(withParameters((of) => (of.optionMaintenancePpm = 5_000)));
    const { state } = buildGenesis(genesis);
    const [id] = state.underlyings.sortedKeys();
    if (id === undefined) throw new Error('an underlying');
    const row = riskParametersOf(state, id);
    expect(state.riskParameters.size).toBe(state.underlyings.size);
    expect(parametersAt(row, metaOf(state).timestamp).optionMaintenancePpm).toBe(5_000);
  });

  it.each<[string, (parameters: Json) => void, string]>([
    ['a parameter is missing', (of) => delete of.leastTermMs, '.leastTermMs'],
    ['one is misspelt', (of) => (of.optionMaintenance = 1), '.optionMaintenance'],
    ['one is out of its range', (of) => (of.longDiscountPpm = 1_000_001), '.longDiscountPpm'],
    [
      'a shock is unknown',
      (of) => (of.scenarios[3].volatility = 'high'),
      '.scenarios[3].volatility',
    ],
    ['initial margin is below maintenance', (of) => (of.initialFactorPpm = 700_000), ''],
    ['no cell is the mark', (of) => (of.scenarios[11].spotPpm = 1_000_001), ''],
    ['nothing covers twice the range', (of) => of.scenarios.splice(-8), ''],
  ])('are refused where %s', (_what, change, field) => {
    const checked = checkGenesis(withParameters(change));
    const problems = checked.ok ? [] : checked.error.map((problem) => problem.field);
    expect(problems).toContain(`underlyings[0].riskParameters${field}`);
  });
});
