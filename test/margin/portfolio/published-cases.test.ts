import { describe, expect, it } from 'vitest';
import { assertExact } from '../../../runtime/margin/portfolio/account.ts';
import {
  marginScratch,
  portfolioMargin,
} from '../../../runtime/margin/portfolio/account-margin.ts';
import { kernelMargin } from '../../../runtime/margin/portfolio/margin-kernel.ts';
import { inLots, integerPortfolio, USD_UNITS } from './integer-portfolio.ts';
import { modelOf, portfolioOf, publishedCases } from './published-cases.ts';

const cases = publishedCases();
/** Published values of 10⁻¹² USD are the noise of the doubles that they were made with. */
const NOISE_USD = 1e-11;
/** Half of 10⁻⁴ USD. */
const HALF_RISK_UNIT: number = 0.5e-4 * USD_UNITS;

function expectClose(label: string, given: number, published: number): void {
  const error = Math.abs(given - published);
  const allowed = 1e-9 * Math.abs(published) + NOISE_USD;
  expect(error, `${label}: ${given}, published ${published}`).toBeLessThanOrEqual(allowed);
}

// The data is beside the project; without it the kernels are tested by the vectors of
// margin-kernel.test.ts and by each other alone.
describe.runIf(cases.length > 0)('published cases of PMRM_2', () => {
  it('are all there', () => {
    expect(cases.length).toBe(69);
  });

  it.each(cases)('%s: every cell and total of the float kernel', (_, published) => {
    const margin = kernelMargin(modelOf(published), portfolioOf(published));
    const { Result, Scenario } = published;
    const recorded = [...Result.reg_losses, ...Result.tail_losses].map((row) => Number(row[2]));
    expect(margin.cells.length).toBe(recorded.length);
    recorded.forEach((value, cell) => {
      expectClose(`cell ${cell}`, margin.cells[cell] ?? Number.NaN, value);
    });
    const [linear, absolute] = Result.skew_losses;
    expectClose('linear skew', margin.linearSkew, Number(linear?.[1]));
    expectClose('absolute skew', margin.absoluteSkew, Number(absolute?.[1]));
    expectClose('forward', margin.forwardContingency, Result.ForwardContingency);
    Result.OptionMTMPerExpiry.forEach((value, expiry) => {
      expectClose(`value of expiry ${expiry}`, margin.optionValues[expiry] ?? Number.NaN, value);
    });
    expectClose('mark to market', margin.markToMarket + Scenario.Cash, Result.PortfolioMTM);
    expectClose('perpetual, maintenance', -margin.perpetual.maintenance, Result.MMPerpCont);
    expectClose('perpetual, initial', -margin.perpetual.initialAdd, Result.IMPerpCont);
    expectClose('options, maintenance', -margin.option.maintenance, Result.MMOptionCont);
    expectClose('options, initial', -margin.option.initialAdd, Result.IMOptionCont);
    expectClose('assets, maintenance', -margin.assets.maintenance, Result.MMBaseCont);
    expectClose('assets, initial', -margin.assets.initialAdd, Result.IMBaseCont);
    expectClose('confidence', -margin.confidence, Result.OracleCont);
    expectClose('factor', margin.initialFactor, Result.im_loss_factor);
    expectClose('initial', margin.initial, Result.IM);
    expectClose('maintenance', margin.maintenance, Result.MM);
  });

  it.each(cases)('%s: integers within half a risk unit per lot', (_, published) => {
    const model = modelOf(published);
    const portfolio = { ...inLots(portfolioOf(published)), cash: 0, assets: [] };
    if (published.Result.discount_factors.some(([long, short]) => long > short)) {
      // One case has a short discount of almost nothing, which parameters on chain cannot have.
      expect(() => integerPortfolio(model, portfolio)).toThrow('long discount');
      return;
    }
    const wanted = kernelMargin(model, portfolio);
    const { arrays, account, gross } = integerPortfolio(model, portfolio);
    assertExact(arrays, account);
    const scratch = marginScratch(arrays);
    for (const measure of ['initial', 'maintenance'] as const) {
      const { excess } = portfolioMargin(arrays, account, measure, scratch);
      const exact = (wanted[measure] - portfolio.perpetual.unrealised) * USD_UNITS;
      // Each group's weighted sum is floored once.
      const allowed = HALF_RISK_UNIT * gross + arrays.groups.length;
      expect(Math.abs(excess - exact), measure).toBeLessThanOrEqual(allowed);
    }
  });
});
