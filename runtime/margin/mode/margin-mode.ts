/**
 * Which margin an account is under: standard, or by its own choice portfolio margin.
 *
 * Source: design/exchange.md §3, "Portfolio mode". Table `marginModes` has a row for a portfolio in
 * portfolio mode and none for all others.
 */
import { type Codec, container, u64 } from '../../core/ssz.ts';
import type { PortfolioId, TimestampMs } from '../../core/units.ts';
import type { State } from '../../state/state.ts';

/** Numbers are wire format. */
export const MARGIN_MODE = { standard: 0, portfolio: 1 } as const;
export type MarginMode = (typeof MARGIN_MODE)[keyof typeof MARGIN_MODE];

/** A portfolio in portfolio mode. */
export type MarginModeRow = { readonly portfolio: PortfolioId; readonly since: TimestampMs };

export const MarginModeRowCodec: Codec<MarginModeRow> = container<MarginModeRow>('MarginMode', {
  portfolio: u64<PortfolioId>(),
  since: u64<TimestampMs>(),
});

/** Micro-USD of equity that entering needs, and below which only reductions are taken. */
export const MIN_ENTRY_EQUITY = 25_000_000_000n;
export const MIN_TRADING_EQUITY = 10_000_000_000n;
/** Series and expiries in which a portfolio in portfolio mode may hold a position or an order. */
export const MAX_MODE_POSITIONS = 128;
export const MAX_MODE_EXPIRIES = 16;

/** Whether a portfolio is in portfolio mode. One field test while none is. */
export function isPortfolioMode(state: State, portfolio: PortfolioId): boolean {
  return state.marginModes.size > 0 && state.marginModes.has(portfolio);
}
