/** Answers about what an account trades under and what it asks and quotes, as SSZ. */
import { type AgentBudget, AgentBudgetCodec } from '../../runtime/accounts/agent-budget.ts';
import { type Codec, container, list, u8, u64 } from '../../runtime/core/ssz.ts';
import type { AccountId, Height, TimestampMs } from '../../runtime/core/units.ts';
import { type FeeTier, FeeTierCodec, MAX_FEE_TIERS } from '../../runtime/fees/fee-tiers.ts';
import { type Referral, ReferralCodec } from '../../runtime/fees/referral.ts';
import {
  MAX_QUOTES_PER_REQUEST,
  MAX_REQUEST_QUOTES_PER_ACCOUNT,
  MAX_REQUESTS,
  MAX_REQUESTS_PER_ACCOUNT,
  MAX_TRIGGERS_PER_PORTFOLIO,
} from '../../runtime/limits.ts';
import { type Trigger, TriggerCodec } from '../../runtime/matching/trigger.ts';
import {
  type LiveQuote,
  LiveQuoteCodec,
  type LiveRequest,
  LiveRequestCodec,
} from '../../runtime/multileg/live-quote.ts';
import { type DeadManSwitch, DeadManSwitchCodec } from '../../runtime/quoting/dead-man-switch.ts';
import { type Protection, ProtectionCodec } from '../../runtime/quoting/protection.ts';

const SUB_ACCOUNTS = 256;
const MAX_UNDERLYINGS = 256;
const MAX_KEYS = 256;

/** Rows of every sub-account; empty for an account that is not there. */
export type TradingAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly exists: number;
  readonly account: AccountId;
  readonly triggers: Trigger[];
  readonly protections: Protection[];
  readonly switches: DeadManSwitch[];
  /** Rate credits now; empty where the chain sets no limit. */
  readonly credits: number[];
  readonly budgets: AgentBudget[];
  /** Notional of the last 30 days and today, in cents. */
  readonly volumeCents: number;
  /** 0: base. */
  readonly tier: number;
  /** The tiers above the base. */
  readonly tiers: FeeTier[];
  readonly referral: Referral[];
  readonly requests: LiveRequest[];
  readonly quotes: LiveQuote[];
};

export const TradingAnswerCodec: Codec<TradingAnswer> = container<TradingAnswer>('TradingAnswer', {
  height: u64<Height>(),
  timestamp: u64<TimestampMs>(),
  exists: u8(),
  account: u64<AccountId>(),
  triggers: list(TriggerCodec, SUB_ACCOUNTS * MAX_TRIGGERS_PER_PORTFOLIO),
  protections: list(ProtectionCodec, SUB_ACCOUNTS * MAX_UNDERLYINGS),
  switches: list(DeadManSwitchCodec, SUB_ACCOUNTS + 1),
  credits: list(u64(), 1),
  budgets: list(AgentBudgetCodec, MAX_KEYS),
  volumeCents: u64(),
  tier: u8(),
  tiers: list(FeeTierCodec, MAX_FEE_TIERS),
  referral: list(ReferralCodec, 1),
  requests: list(LiveRequestCodec, MAX_REQUESTS_PER_ACCOUNT),
  quotes: list(LiveQuoteCodec, MAX_REQUEST_QUOTES_PER_ACCOUNT),
});

/** Ascending by number; `quotes` only where one request was asked for. */
export type RequestsAnswer = {
  readonly height: Height;
  readonly requests: LiveRequest[];
  readonly quotes: LiveQuote[];
};

export const RequestsAnswerCodec: Codec<RequestsAnswer> = container<RequestsAnswer>(
  'RequestsAnswer',
  {
    height: u64<Height>(),
    requests: list(LiveRequestCodec, MAX_REQUESTS),
    quotes: list(LiveQuoteCodec, MAX_QUOTES_PER_REQUEST),
  },
);
