/**
 * "Self-made insolvency": two accounts of one owner, one short and one long the same calls. When the
 * index jumps past the margin of the short one between two marks, the insurance fund fills its hole and
 * the long one keeps its gain: the fund's payment is the owner's.
 *
 * Played on the chain: the short account has exactly its initial margin, the jump comes at one mark,
 * nobody takes the account. Cost: the fees of opening both sides. With stake the jump is made larger by
 * what the median can be moved.
 */
import { EVENT } from '../../runtime/event.ts';
import { HONEST_SPREAD, medianShift } from './median-shift.ts';
import { callAtTheMoney, INDEX_USD, newStage, person, playBlocks } from './stage.ts';
import { FEES, type Outcome, STAKES } from './strategy.ts';

const STRATEGY = 'self-made insolvency';
const INSURANCE_USD = 10_000_000;
const COINS = 100;
const LOTS = COINS * 100;
/** Largest moves recorded in a minute: BTC and ETH on 19 May 2021. */
const WORST_MINUTE = { BTC: 0.058, ETH: 0.093 };

/** USD that the fund pays when the index jumps by a share at one mark. */
export function paidByFund(jump: number, mode: 'standard' | 'portfolio'): number {
  const stage = newStage(INSURANCE_USD);
  const call = callAtTheMoney(stage, 7);
  person(stage, new Map([[call.id, -LOTS]]), 'initial margin', mode);
  person(stage, new Map([[call.id, LOTS]]), { dollars: 1_000_000 }, 'standard');
  stage.price.usd = INDEX_USD * (1 + jump);
  let paid = 0n;
  for (const { selector, value } of playBlocks(stage, 6)) {
    if (selector === EVENT.insurancePaid) paid += value.amount;
  }
  return Number(paid) / 1_000_000;
}

export function insolvencyOutcomes(): Outcome[] {
  const usd = COINS * INDEX_USD;
  const costUsd = usd * (FEES.optionMaker + FEES.optionTaker);
  const outcome = (stake: number, jump: number, name: string, note: string): Outcome => ({
    strategy: STRATEGY,
    case: name,
    means: { stake, usd },
    gainUsd: Math.max(paidByFund(jump, 'standard'), paidByFund(jump, 'portfolio')),
    costUsd,
    note,
  });
  const moves = [
    [WORST_MINUTE.BTC, 'the worst minute of BTC on record'],
    [WORST_MINUTE.ETH, 'the worst minute of ETH on record'],
    [0.2, 'no such move between two marks, a second apart, is on record'],
    [0.4, 'bounded by the account’s initial margin and a tenth of the fund an hour'],
  ] as const;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return [
    ...STAKES.map((stake) => {
      const jump = WORST_MINUTE.ETH + medianShift(stake) * HONEST_SPREAD.crashPrice;
      const name = `${Math.round(100 * stake)} % of stake, a jump of ${percent(WORST_MINUTE.ETH)} made larger`;
      return outcome(stake, jump, name, 'the worst recorded minute at one mark');
    }),
    ...moves.map(([jump, note]) => outcome(0, jump, `$6M, a jump of ${percent(jump)}`, note)),
  ];
}
