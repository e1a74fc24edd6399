/**
 * Accounts of the chain itself: numbers below 1,024, without keys, so nobody can sign for them.
 *
 * `clearing` stands between the payers and the receivers of a settlement while it is spread over
 * blocks, and may be negative within it. `variation` stands between holders of futures and perpetuals:
 * what some have realised or received as funding and others have not yet paid (`runtime/linear/`).
 */
import { accountId, type PortfolioId, portfolioId, subAccount } from '../core/units.ts';

const modulePortfolio = (id: number): PortfolioId => portfolioId(accountId(id), subAccount(0));

/** Portfolios of the module accounts; numbers are state format. */
export const MODULE: {
  readonly [Name in
    | 'fees'
    | 'deficit'
    | 'insurance'
    | 'community'
    | 'clearing'
    | 'bonded'
    | 'unbonding'
    | 'rewards'
    | 'variation'
    | 'governance'
    | 'pending']: PortfolioId;
} = {
  fees: modulePortfolio(1),
  /** Never above 0: what all bear (`runtime/liquidation/shared-debt.ts`). */
  deficit: modulePortfolio(9),
  insurance: modulePortfolio(2),
  community: modulePortfolio(3),
  clearing: modulePortfolio(4),
  bonded: modulePortfolio(5),
  unbonding: modulePortfolio(6),
  rewards: modulePortfolio(7),
  variation: modulePortfolio(8),
  /** Deposits of proposals. */
  governance: modulePortfolio(10),
  /** Funds of withdrawals that wait (`accounts/security/`). */
  pending: modulePortfolio(11),
};

/** First number of an account that has an address. */
export const FIRST_ACCOUNT_ID = 1_024;
