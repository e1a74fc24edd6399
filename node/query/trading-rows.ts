/**
 * Triggers, rules, requests and quotes of one account, and requests for quote, as `answer-query.ts`
 * reports them. Looked up by index: a pass over sub-accounts and underlyings, none over a table that
 * others fill.
 */
import { refilled } from '../../runtime/accounts/rate-credits.ts';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import {
  type AccountId,
  address,
  type OrderId,
  portfolioId,
  type SubAccount,
  subAccount,
} from '../../runtime/core/units.ts';
import { feeTiersOf, recentVolumeCents, tierOf } from '../../runtime/fees/trading-volume.ts';
import {
  quotesOfAccount,
  quotesOn,
  requestsOfAccount,
} from '../../runtime/multileg/request-index.ts';
import { keyOfSwitch } from '../../runtime/quoting/dead-man-switch.ts';
import {
  metaOf,
  nonceKey,
  parametersOf,
  protectionKey,
  type State,
} from '../../runtime/state/state.ts';
import type { RequestsAnswer, TradingAnswer } from './trading-format.ts';

const ascending = (ids: Iterable<OrderId>): OrderId[] => [...ids].sort((a, b) => a - b);

const SUB_ACCOUNTS: readonly SubAccount[] = Array.from({ length: 256 }, (_, i) => subAccount(i));

function rules(
  state: State,
  account: AccountId,
): Pick<TradingAnswer, 'triggers' | 'protections' | 'switches' | 'budgets'> {
  const { byPortfolio } = state.derived.triggers;
  const underlyings = state.underlyings.sortedKeys();
  const portfolios = SUB_ACCOUNTS.map((sub) => portfolioId(account, sub));
  const switches = SUB_ACCOUNTS.map((sub) => ({ scope: SWITCH_SCOPE.subAccount, subAccount: sub }));
  return {
    triggers: ascending(
      portfolios.flatMap((portfolio) => [...(byPortfolio.get(portfolio)?.ids ?? [])]),
    ).map((id) => state.triggers.must(id)),
    protections: portfolios.flatMap((portfolio) =>
      underlyings.flatMap(
        (underlying) => state.protections.get(protectionKey.pack(portfolio, underlying)) ?? [],
      ),
    ),
    switches: [{ scope: SWITCH_SCOPE.account, subAccount: subAccount(0) }, ...switches].flatMap(
      (place) => state.deadManSwitches.get(keyOfSwitch({ account, ...place })) ?? [],
    ),
    budgets: SUB_ACCOUNTS.flatMap(
      (position) => state.agentBudgets.get(nonceKey.pack(account, position)) ?? [],
    ),
  };
}

/** Credits of an account now; `undefined` where the chain sets no limit. */
function creditsOf(state: State, account: AccountId): number | undefined {
  const parameters = parametersOf(state);
  if (parameters.creditStart === 0) return undefined;
  const row = state.rateCredits.get(account);
  if (row === undefined) return parameters.creditStart;
  return refilled(row, parameters, metaOf(state).timestamp).credits;
}

/** Everything an account trades under. `raw`: its 20 address bytes. */
export function tradingRows(state: State, raw: Uint8Array): TradingAnswer {
  const { height, timestamp } = metaOf(state);
  const tiers = [...feeTiersOf(state)];
  const account = state.accounts.get(address(toHex(raw)))?.id;
  if (account === undefined) {
    return {
      height,
      timestamp,
      exists: 0,
      account: 0 as AccountId,
      triggers: [],
      protections: [],
      switches: [],
      credits: [],
      budgets: [],
      volumeCents: 0,
      tier: 0,
      tiers,
      referral: [],
      requests: [],
      quotes: [],
    };
  }
  const credits = creditsOf(state, account);
  const referral = state.referrals.get(account);
  return {
    height,
    timestamp,
    exists: 1,
    account,
    ...rules(state, account),
    credits: credits === undefined ? [] : [credits],
    volumeCents: recentVolumeCents(state, account, timestamp),
    tier: tierOf(state, account, timestamp),
    tiers,
    referral: referral === undefined ? [] : [referral],
    requests: ascending(requestsOfAccount(state, account)).map((id) =>
      state.quoteRequests.must(id),
    ),
    quotes: ascending(quotesOfAccount(state, account)).map((id) => state.requestQuotes.must(id)),
  };
}

/** Live requests; of one, with its quotes. */
export function requestRows(state: State, request: OrderId): RequestsAnswer {
  const { height } = metaOf(state);
  if (request === 0) {
    const all = state.quoteRequests.sortedKeys();
    return { height, requests: all.map((id) => state.quoteRequests.must(id)), quotes: [] };
  }
  const found = state.quoteRequests.get(request);
  return {
    height,
    requests: found === undefined ? [] : [found],
    quotes: ascending(quotesOn(state, request)).map((id) => state.requestQuotes.must(id)),
  };
}
