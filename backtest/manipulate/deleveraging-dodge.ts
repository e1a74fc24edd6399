/**
 * "Deleveraging dodge": a holder on the winning side who sees that it will be deleveraged splits its account,
 * or brings collateral, so that others go first.
 *
 * Played on the chain, without an insurance fund: one short account is made insolvent by a jump, and two
 * alike hold the other side. The dodger's loss beyond the mark, with the dodge and without. A split costs
 * fees for what is traded between the halves. Collateral is no trick: it lowers leverage, which is what
 * the rank asks for, and it is bound while withdrawals are stopped; it is priced at 30 % a year for a day.
 * Stake does nothing here: below a third votes cannot be kept from their quorum, so no time is won.
 */
import type { PortfolioId } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { MOVE_CAUSE } from '../../runtime/liquidation/events.ts';
import { seriesRisk } from '../../runtime/margin/series-risk.ts';
import { callAtTheMoney, INDEX_USD, newStage, person, playBlocks } from './stage.ts';
import { FEES, type Outcome, STAKES } from './strategy.ts';

const STRATEGY = 'deleveraging dodge';
const COINS = 50;
const LOTS = COINS * 100;
const CASH_USD = 200_000;
const RICH_USD = 100_000_000;
/** What is brought: enough to be in a lower bucket at the jump. */
const BROUGHT_USD = 4_000_000;
const JUMP = 0.35;
const CAPITAL_A_DAY = 0.3 / 365;

export type Dodge = 'none' | 'split' | 'collateral';

/** USD beyond the mark that the dodger loses to deleveraging. */
export function dodgerLoss(dodge: Dodge): number {
  const stage = newStage(0);
  const call = callAtTheMoney(stage, 7);
  const hold = (lots: number, dollars: number): PortfolioId =>
    person(stage, new Map([[call.id, lots]]), { dollars }, 'standard');
  person(stage, new Map([[call.id, -2 * LOTS]]), 'initial margin', 'standard');
  // Another is short as much and carries it, so that only half of the longs are needed.
  hold(-2 * LOTS, RICH_USD);
  hold(2 * LOTS, CASH_USD);
  const own = new Set<PortfolioId>(
    dodge === 'split'
      ? [hold(LOTS, CASH_USD / 2), hold(LOTS, CASH_USD / 2)]
      : [hold(2 * LOTS, dodge === 'collateral' ? BROUGHT_USD + CASH_USD : CASH_USD)],
  );
  stage.price.usd = INDEX_USD * (1 + JUMP);
  let loss = 0n;
  for (const { selector, value } of playBlocks(stage, 6)) {
    if (selector !== EVENT.positionMoved || value.cause !== MOVE_CAUSE.deleveraged) continue;
    if (!own.has(value.to)) continue;
    loss += value.cash - BigInt(value.lots) * BigInt(seriesRisk(stage.state, call.id).markValue);
  }
  return Number(loss) / 1_000_000;
}

export function dodgeOutcomes(): Outcome[] {
  const usd = 2 * COINS * INDEX_USD;
  const plain = dodgerLoss('none');
  const split = Math.max(0, plain - dodgerLoss('split'));
  const collateral = Math.max(0, plain - dodgerLoss('collateral'));
  const splitFees = (usd / 2) * (FEES.optionMaker + FEES.optionTaker);
  const common = { strategy: STRATEGY };
  return [
    ...STAKES.map((stake) => ({
      ...common,
      case: `${Math.round(100 * stake)} % of stake, votes withheld, account split`,
      means: { stake, usd },
      gainUsd: split,
      costUsd: splitFees,
      note: 'profit × leverage of each half is that of the whole',
    })),
    {
      ...common,
      case: '$6M long, $4M of collateral brought',
      means: { stake: 0, usd },
      gainUsd: collateral,
      costUsd: BROUGHT_USD * CAPITAL_A_DAY,
      note: 'not a trick: what it does not bear others do whose leverage is higher',
    },
  ];
}
