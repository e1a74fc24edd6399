/** Fills every derived index from the tables: after genesis and after a checkpoint is loaded. */
import { rebuildAccountIndex } from '../accounts/account-index.ts';
import { rebuildSecurity } from '../accounts/security/security-index.ts';
import { rebuildAuctionIndex } from '../auction/auction-index.ts';
import { rebuildVoteIndex } from '../governance/tables.ts';
import { rebuildLiquidationIndex } from '../liquidation/liquidation-index.ts';
import { rebuildPortfolioIndex } from '../margin/portfolio-index.ts';
import { rebuildBooks } from '../matching/books.ts';
import { rebuildOrderIndex } from '../matching/order-index.ts';
import { rebuildTriggerIndex } from '../matching/trigger-index.ts';
import { rebuildComboIndex } from '../multileg/combo-index.ts';
import { rebuildRequestIndex } from '../multileg/request-index.ts';
import { rebuildSeriesIndex } from '../options/series-index.ts';
import { rebuildMarks } from '../oracle/marks.ts';
import { rebuildSwitches } from '../quoting/dead-man-switch.ts';
import { rebuildMakerQuotes } from '../quoting/quote-index.ts';
import { rebuildOpenInterest } from '../rules/exposure.ts';
import type { State } from './state.ts';

/** Cost: one pass over each indexed table, and one price per open series. */
export function rebuildDerived(state: State): void {
  rebuildAccountIndex(state);
  rebuildSecurity(state);
  rebuildSeriesIndex(state);
  rebuildMarks(state);
  rebuildBooks(state);
  rebuildPortfolioIndex(state);
  rebuildOpenInterest(state);
  rebuildAuctionIndex(state);
  rebuildOrderIndex(state);
  rebuildTriggerIndex(state);
  rebuildMakerQuotes(state);
  rebuildSwitches(state);
  rebuildRequestIndex(state);
  rebuildComboIndex(state);
  rebuildLiquidationIndex(state);
  rebuildVoteIndex(state);
}
