/**
 * The `setMarginMode` action: puts a sub-account under portfolio margin, or back under standard margin.
 *
 * Source: design/exchange.md §3: an opt-in with no open orders that passes initial margin in the new
 * mode, with equity of $25,000 at least to enter, 128 positions and 16 expiries at most.
 */
import type { SetMarginMode } from '../../actions/margin.ts';
import type { BlockContext } from '../../block-context.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { type AccountId, type PortfolioId, portfolioId, timestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { noteMargin } from '../../liquidation/health-index.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { markValueOf } from '../excess.ts';
import { standardMargin } from '../requirements.ts';
import {
  isPortfolioMode,
  MARGIN_MODE,
  MAX_MODE_EXPIRIES,
  MAX_MODE_POSITIONS,
  MIN_ENTRY_EQUITY,
} from './margin-mode.ts';
import { modeMargin, modePortfolio, wealthOf } from './mode-excess.ts';
import { modeSums } from './mode-sums.ts';
import { isHeldMarked } from './mode-withdrawable.ts';

const NO_FREEZE = { frozenUntil: timestampMs(0) };

/** Refusals by what is held, in order: open_orders, mode_positions, mode_expiries. */
function holdingRefusal(state: State, id: PortfolioId, entering: boolean): Refusal | undefined {
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  if (portfolio === undefined) return undefined;
  const { openOrders, places, expiries } = portfolio;
  if (openOrders > 0) return refusal('open_orders', { given: openOrders });
  if (!entering) return undefined;
  if (places.size > MAX_MODE_POSITIONS) {
    return refusal('mode_positions', { given: places.size, allowed: MAX_MODE_POSITIONS });
  }
  return expiries.size > MAX_MODE_EXPIRIES
    ? refusal('mode_expiries', { given: expiries.size, allowed: MAX_MODE_EXPIRIES })
    : undefined;
}

/** Refusals by what the account is worth, in order: low_equity (entering), mode_margin. */
function worthRefusal(state: State, id: PortfolioId, entering: boolean): Refusal | undefined {
  if (!entering) {
    const { cash, variation, initial } = standardMargin(state, id);
    const allowed = cash + variation;
    return allowed < initial ? refusal('mode_margin', { given: initial, allowed }) : undefined;
  }
  const equity = markValueOf(state, id);
  if (equity < MIN_ENTRY_EQUITY) {
    return refusal('low_equity', { given: equity, allowed: MIN_ENTRY_EQUITY });
  }
  const allowed = wealthOf(state, id);
  const { excess } = modeMargin(state, modePortfolio(state, id), 'initial');
  return allowed + excess < 0n ? refusal('mode_margin', { given: -excess, allowed }) : undefined;
}

/**
 * Sets the margin mode of a sub-account. Errors in order: bad_mode, mode_unchanged, open_orders
 * (given: how many), mode_positions, mode_expiries, no_mark, low_equity (micro-USD), mode_margin
 * (given: requirement, allowed: cash and variation; micro-USD). Of these mode_positions, mode_expiries and
 * low_equity when it enters portfolio mode alone. Cost: margin from scratch in the new mode.
 */
export function setMarginMode(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, mode }: SetMarginMode,
): Result<ActionResult, Refusal> {
  const id = portfolioId(account, subAccount);
  if (mode !== MARGIN_MODE.standard && mode !== MARGIN_MODE.portfolio) {
    return err(refusal('bad_mode', { given: mode, allowed: MARGIN_MODE.portfolio }));
  }
  const entering = mode === MARGIN_MODE.portfolio;
  if (isPortfolioMode(state, id) === entering)
    return err(refusal('mode_unchanged', { given: mode }));
  const held = holdingRefusal(state, id, entering);
  if (held !== undefined) return err(held);
  if (!isHeldMarked(state, context, id)) return err(refusal('no_mark'));
  const worth = worthRefusal(state, id, entering);
  if (worth !== undefined) return err(worth);

  // From here it must succeed.
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  if (entering) state.marginModes.set(id, { portfolio: id, since: context.timestamp });
  else state.marginModes.delete(id);
  if (portfolio !== undefined) portfolio.sums = entering ? modeSums() : undefined;
  noteMargin(state, id);
  context.events.push({ selector: EVENT.marginModeSet, value: { portfolio: id, mode } });
  return ok({ selector: ACTION_RESULT.ruleSet, value: NO_FREEZE });
}
