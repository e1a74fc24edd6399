/**
 * Why a transaction or an action was refused: one table of names and wire numbers.
 *
 * Numbers are wire format, append-only and never reused. Within a group they stand in order of
 * precedence: a handler checks in this order and reports the first that applies. `field` is the
 * input at fault; a receipt carries the number, what was given and what is allowed (a bound or a
 * holding, in the field's own unit; 0 where neither applies).
 */
import { type Codec, container, i128, u16 } from './core/ssz.ts';

export type ErrorEntry = { readonly number: number; readonly field: string; readonly text: string };

/** Every refusal, in order of precedence within its group. */
export const RUNTIME_ERRORS = {
  // Transactions, first pass: an `invalid` receipt, no nonce used.
  expired: { number: 1, field: 'expiresAt', text: 'the block is later than the expiry' },
  unknown_account: { number: 2, field: 'account', text: 'no such account: credit it first' },
  unsupported_scheme: { number: 10, field: 'signers', text: 'the scheme is not enabled' },
  unknown_key: { number: 3, field: 'signers', text: 'the key is not one of the account' },
  removed_key: { number: 4, field: 'signers', text: 'the key was removed from the account' },
  role_forbids: { number: 5, field: 'actions', text: "the key's role does not allow the action" },
  nonce_too_old: { number: 6, field: 'nonce', text: 'below the window of accepted nonces' },
  nonce_too_new: { number: 7, field: 'nonce', text: 'more than a day ahead of the block' },
  nonce_used: { number: 8, field: 'nonce', text: 'this nonce was used before' },
  too_many_from_key: { number: 9, field: 'account', text: 'too many of this key in one block' },

  // Transfers.
  zero_amount: { number: 100, field: 'amount', text: 'must be above 0' },
  unknown_denomination: { number: 101, field: 'denomination', text: 'must be 0 (USD) or 1 (MIL)' },
  same_portfolio: { number: 102, field: 'to', text: 'source and destination are the same' },
  module_account: { number: 103, field: 'to', text: 'module accounts take no transfers' },
  insufficient_balance: { number: 104, field: 'amount', text: 'exceeds what may leave' },
  too_many_accounts: { number: 105, field: 'to', text: 'no number is left for a new account' },

  // Orders, with the states and the rules of their markets. `would_take` of an order that slides comes
  // with its price, after `price_band`.
  unknown_instrument: { number: 200, field: 'instrument', text: 'no such instrument' },
  instrument_not_open: { number: 201, field: 'instrument', text: 'the instrument is not open' },
  bad_side: { number: 202, field: 'side', text: 'must be 0 (buy) or 1 (sell)' },
  bad_type: { number: 217, field: 'type', text: 'must be 0 (limit) or 1 (market)' },
  bad_time_in_force: { number: 203, field: 'timeInForce', text: 'must be 0 (GTC) to 5 (GFN)' },
  bad_post_only: { number: 218, field: 'postOnly', text: 'must be 0 (none) to 2 (slide)' },
  bad_self_trade_prevention: {
    number: 219,
    field: 'selfTradePrevention',
    text: 'must be 0 (cancel maker) to 3 (decrement both)',
  },
  bad_price: { number: 204, field: 'price', text: 'out of range' },
  bad_size: { number: 205, field: 'size', text: 'out of range' },
  bad_display_size: { number: 220, field: 'displaySize', text: 'shows too little or too much' },
  bad_expires_at: { number: 221, field: 'expiresAt', text: 'out of range, or without GTT' },
  market_cannot_rest: { number: 222, field: 'timeInForce', text: 'a market order is IOC or FOK' },
  post_only_ioc: { number: 206, field: 'postOnly', text: 'an order that never rests has no maker' },
  post_only_required: { number: 240, field: 'postOnly', text: 'only post-only orders now' },
  reduce_only_required: { number: 241, field: 'reduceOnly', text: 'only reduce-only orders now' },
  not_in_auction: { number: 242, field: 'timeInForce', text: 'cannot wait for an auction' },
  no_auction: { number: 223, field: 'timeInForce', text: 'GFA, and no auction takes orders' },
  price_not_on_tick: { number: 260, field: 'price', text: 'not a multiple of the tick here' },
  no_mark: { number: 207, field: 'instrument', text: 'no fresh mark: only cancels' },
  price_band: { number: 208, field: 'price', text: 'outside the price band' },
  duplicate_client_id: { number: 209, field: 'clientOrderId', text: 'already open' },
  nothing_to_reduce: { number: 224, field: 'reduceOnly', text: 'no position on the other side' },
  below_min_size: { number: 261, field: 'size', text: 'below the least size of an order' },
  above_max_size: { number: 262, field: 'size', text: 'above the greatest size of an order' },
  too_many_orders: { number: 210, field: 'subAccount', text: 'too many open orders' },
  too_many_account_orders: {
    number: 270,
    field: 'account',
    text: 'too many open orders over all sub-accounts',
  },
  too_many_positions: { number: 211, field: 'subAccount', text: 'too many series' },
  position_limit: { number: 212, field: 'size', text: 'the position could grow too large' },
  account_limit: { number: 265, field: 'size', text: 'the account could hold too much' },
  would_take: { number: 213, field: 'price', text: 'post-only order would take' },
  multileg_budget: {
    number: 271,
    field: 'instrument',
    text: 'the block has no room for more matches of combos: send it again',
  },
  too_many_fills: { number: 214, field: 'size', text: 'crosses too many orders' },
  not_filled: { number: 225, field: 'size', text: 'a FOK order that would not be filled' },
  self_trade: { number: 226, field: 'price', text: 'would trade with an order of the same owner' },
  open_interest_limit: { number: 263, field: 'size', text: 'open interest of the series is full' },
  underlying_open_interest_limit: {
    number: 264,
    field: 'size',
    text: 'open interest of the underlying is full',
  },
  insufficient_cash: { number: 215, field: 'size', text: 'premium and fee exceed the cash' },
  insufficient_margin: { number: 216, field: 'size', text: 'initial margin is not met' },

  // Referrals.
  unknown_referrer: { number: 266, field: 'referrer', text: 'no such account' },
  self_referral: { number: 267, field: 'referrer', text: 'the account itself' },
  referrer_already_set: { number: 268, field: 'referrer', text: 'can be set once only' },

  // Cancels.
  order_not_found: { number: 300, field: 'orderId', text: 'no such open order' },
  not_owner: { number: 301, field: 'orderId', text: 'the order belongs to another account' },
  // Of amendments and links, before what a cancel is refused for.
  quote_order: { number: 302, field: 'orderId', text: 'a quote is replaced by the next quote' },
  auction_frozen: { number: 243, field: 'orderId', text: 'the auction ends: no cancels' },

  // Amendments and links, after those above.
  not_a_reduction: { number: 303, field: 'size', text: 'not below the size of the order' },
  bad_link: { number: 304, field: 'second', text: 'not two orders of one sub-account' },
  already_linked: { number: 305, field: 'orderId', text: 'linked with another open order' },

  // Triggers, after the fields of their orders.
  bad_trigger: { number: 306, field: 'source', text: 'unknown source or condition' },
  bad_trigger_price: { number: 307, field: 'triggerPrice', text: 'out of range' },
  trigger_holds: { number: 308, field: 'triggerPrice', text: 'the condition holds already' },
  too_many_triggers: { number: 309, field: 'subAccount', text: 'too many waiting triggers' },

  // Structures of several legs; beside these the errors of orders, leg by leg.
  legs_not_ascending: { number: 500, field: 'legs', text: 'must ascend by instrument' },
  not_a_series: { number: 501, field: 'legs', text: 'not an option series' },
  mixed_underlyings: { number: 502, field: 'legs', text: 'must be of one underlying' },
  net_band: { number: 503, field: 'net', text: "outside the sum of the legs' bands" },

  // Requests for quote.
  unknown_request: { number: 504, field: 'request', text: 'no such live request' },
  own_request: { number: 505, field: 'request', text: 'an account cannot quote itself' },
  bad_quote: { number: 506, field: 'bid', text: 'must be below the ask; 0 where not quoted' },
  bad_quote_expiry: { number: 507, field: 'expiresAt', text: 'must be in the next 10 seconds' },
  too_many_requests: { number: 508, field: 'account', text: 'too many live requests' },
  too_many_quotes: { number: 509, field: 'request', text: 'too many live quotes' },
  no_quote: { number: 510, field: 'limit', text: 'no live quote inside the limit' },

  // Negotiated blocks.
  offer_expired: { number: 511, field: 'expiresAt', text: 'the block is later than the offer' },
  unknown_counterparty: { number: 512, field: 'account', text: 'no such account' },
  counterparty_key: { number: 513, field: 'signer', text: 'not a key of the counterparty' },
  counterparty_role: { number: 514, field: 'signer', text: 'the key may not trade' },
  offer_nonce: { number: 515, field: 'nonce', text: 'used, or outside the window of the key' },
  not_offered: { number: 516, field: 'taker', text: 'the offer is to another account' },
  own_offer: { number: 517, field: 'taker', text: 'an account cannot trade with itself' },
  block_too_small: { number: 518, field: 'lots', text: 'below the least size of a block' },
  bad_block_pricing: { number: 519, field: 'pricing', text: 'leg prices or a net price, not both' },
  counterparty_margin: { number: 520, field: 'account', text: 'the counterparty cannot carry it' },

  // Combos.
  bad_structure: { number: 530, field: 'structure', text: 'the legs do not make it' },
  too_many_combos: { number: 531, field: 'legs', text: 'no room for another combo' },
  bad_combo_terms: { number: 532, field: 'timeInForce', text: 'a limit order: GTC, IOC or FOK' },

  // States that governance orders.
  bad_state: { number: 244, field: 'state', text: 'must be open, post-only, reduce-only, halted' },
  bad_transition: { number: 245, field: 'state', text: 'does not follow the state now' },

  // Quotes.
  duplicate_quote: { number: 400, field: 'quotes', text: 'a series stands twice in one action' },
  crossed_quote: { number: 401, field: 'quotes', text: 'the bid is not below the ask' },
  protection_frozen: { number: 402, field: 'quotes', text: 'protection has frozen the quotes' },

  // Market-maker protection.
  unknown_underlying: { number: 403, field: 'underlying', text: 'no such underlying' },
  bad_protection: { number: 404, field: 'limits', text: 'out of range, or without any limit' },
  no_protection: { number: 405, field: 'underlying', text: 'no protection is set' },

  // Dead-man switches.
  bad_switch_scope: { number: 406, field: 'scope', text: 'must be 0 (one) or 1 (all, 0)' },
  bad_switch_timeout: { number: 407, field: 'timeoutMs', text: 'must be 0, or 5 s to 24 h' },

  // Budgets of trading keys.
  bad_key_position: { number: 408, field: 'keyPosition', text: 'not a trading key in force' },
  bad_budget: { number: 409, field: 'notionalPerDayUsd', text: 'out of range' },

  // The pace of an account, before its action is looked at.
  rate_limited: { number: 410, field: 'actions', text: 'costs more credits than the account has' },
  agent_budget: { number: 411, field: 'signers', text: "beyond the key's budget" },

  // Staking, 600 to 699.
  unknown_validator: { number: 600, field: 'validator', text: 'no such validator' },
  not_operator: { number: 601, field: 'account', text: 'the account operates no validator' },
  already_operator: {
    number: 602,
    field: 'account',
    text: 'an account has one validator, for ever',
  },
  key_in_use: { number: 603, field: 'key', text: 'a key serves once, for one validator, for ever' },
  bad_key_role: { number: 604, field: 'role', text: 'must be 0 (consensus), 1 (oracle), 2 (peer)' },
  rotated_lately: { number: 605, field: 'role', text: 'one consensus key an evidence window' },
  key_pending: { number: 606, field: 'role', text: 'a key of this role waits for its epoch' },
  bad_commission: { number: 607, field: 'commissionBps', text: 'above the maximum' },
  commission_step: { number: 608, field: 'commissionBps', text: 'rises by more than a day allows' },
  commission_changed: { number: 609, field: 'commissionBps', text: 'changed less than a day ago' },
  self_bond: { number: 610, field: 'amount', text: 'below the least self-bond' },
  tombstoned: {
    number: 611,
    field: 'validator',
    text: 'guilty of a double signature: for ever out',
  },
  exited: { number: 612, field: 'validator', text: 'the validator has left for ever' },
  not_jailed: { number: 613, field: 'validator', text: 'is not jailed' },
  still_jailed: { number: 614, field: 'validator', text: 'the time is not served' },
  still_weighs: { number: 615, field: 'validator', text: 'still weighs in this epoch' },
  bad_standing: { number: 619, field: 'change', text: 'must be 0 (jail) to 3 (revoke oracle key)' },
  too_many_validators: { number: 616, field: 'account', text: 'no number is left' },
  already_jailed: { number: 617, field: 'validator', text: 'is jailed already' },
  bad_validator: { number: 618, field: 'addresses', text: 'name or addresses out of bounds' },

  // Delegations.
  unknown_delegation: { number: 630, field: 'validator', text: 'nothing is delegated to it' },
  pool_closed: { number: 631, field: 'validator', text: 'its pool takes no stake any more' },
  below_minimum: { number: 632, field: 'amount', text: 'below the least delegation' },
  insufficient_stake: { number: 633, field: 'amount', text: 'exceeds what is active' },
  insufficient_mil: { number: 634, field: 'amount', text: 'exceeds the balance' },
  same_validator: { number: 635, field: 'to', text: 'source and destination are the same' },
  lien_lives: { number: 636, field: 'validator', text: 'came by redelegation: no onward hop yet' },
  too_many_liens: { number: 637, field: 'validator', text: 'too many redelegations are liable' },
  too_many_unbondings: { number: 638, field: 'validator', text: 'too many unbondings at a time' },
  too_many_moves: { number: 639, field: 'to', text: 'too many destinations in this epoch' },
  unknown_unbonding: { number: 640, field: 'lastEpoch', text: 'no such unbonding' },
  leaving_now: {
    number: 641,
    field: 'lastEpoch',
    text: 'leaves as the epoch ends: cancel it then',
  },
  not_matured: { number: 642, field: 'lastEpoch', text: 'nothing has matured' },
  compounding_off: { number: 643, field: 'validator', text: 'the delegator does not allow it' },
  nothing_to_claim: { number: 644, field: 'validator', text: 'no reward has accrued' },
  unknown_receiver: { number: 645, field: 'address', text: 'no such account: credit it first' },
  zero_stake: { number: 646, field: 'amount', text: 'comes to nothing' },

  // Liquidation, 710 to 729.
  unknown_liquidation: { number: 710, field: 'portfolio', text: 'no auction runs on it' },
  another_auction: { number: 711, field: 'auction', text: 'another auction runs on it now' },
  own_liquidation: { number: 712, field: 'portfolio', text: 'is of the taker itself' },
  bad_share: { number: 713, field: 'sharePpm', text: 'must be 1 to 1,000,000' },
  above_maintenance: { number: 714, field: 'portfolio', text: 'is above maintenance margin' },
  price_limit: { number: 715, field: 'limit', text: 'the price of the whole is beyond it' },
  insurance_exhausted: { number: 716, field: 'sharePpm', text: 'insurance pays no more now' },
  block_share: { number: 717, field: 'sharePpm', text: 'no more may be taken in this block' },
  share_too_small: { number: 718, field: 'sharePpm', text: 'comes to less than a lot' },
  take_worsens: { number: 719, field: 'sharePpm', text: 'the account would lack more after it' },
  withdrawals_stopped: { number: 720, field: 'to', text: 'an account is insolvent: no USD leaves' },

  // Evidence.
  no_fault: { number: 660, field: 'second', text: 'the two messages do not conflict' },
  unknown_epoch: { number: 661, field: 'epoch', text: 'no epoch that is or lately was' },
  evidence_too_old: { number: 662, field: 'epoch', text: 'older than the evidence window' },
  wrong_key: { number: 663, field: 'publicKey', text: 'not the key of the signer in that epoch' },
  known_fault: { number: 664, field: 'epoch', text: 'a fault of it in that epoch is known' },
  too_many_faults: { number: 665, field: 'epoch', text: 'more faults than are counted' },

  // Margin modes; of orders in portfolio mode mode_expiries and equity_reduce_only.
  bad_mode: { number: 700, field: 'mode', text: 'must be 0 (standard) or 1 (portfolio)' },
  mode_unchanged: { number: 701, field: 'mode', text: 'the sub-account is in this mode' },
  open_orders: { number: 702, field: 'subAccount', text: 'cancel the open orders first' },
  mode_positions: { number: 703, field: 'subAccount', text: 'too many series for this mode' },
  mode_expiries: { number: 704, field: 'subAccount', text: 'too many expiries for this mode' },
  low_equity: { number: 705, field: 'subAccount', text: 'too little equity for this mode' },
  mode_margin: { number: 706, field: 'mode', text: 'initial margin of the new mode is not met' },
  equity_reduce_only: { number: 707, field: 'size', text: 'equity too low: only reductions' },

  // Governance, 750 to 769: contents, then deposits, votes, the guardian.
  unknown_proposal: { number: 750, field: 'proposal', text: 'no such proposal' },
  bad_content: { number: 751, field: 'content', text: 'nothing that a proposal can do' },
  parameter_range: { number: 752, field: 'value', text: 'out of range' },
  parameter_expected: { number: 753, field: 'expected', text: 'another value is in force' },
  parameters_conflict: { number: 754, field: 'value', text: 'breaks a rule between parameters' },
  underlying_exists: {
    number: 755,
    field: 'underlying',
    text: 'not the next number, or a name taken',
  },
  risk_refused: { number: 756, field: 'parameters', text: 'the margin model does not take them' },
  insufficient_treasury: { number: 757, field: 'amount', text: 'exceeds what the community holds' },
  deposit_too_small: { number: 758, field: 'deposit', text: 'below the least deposit' },
  too_many_proposals: { number: 759, field: 'deposit', text: 'too little to take a place' },
  not_in_deposit: { number: 760, field: 'proposal', text: 'takes no deposits any more' },
  not_voting: { number: 761, field: 'proposal', text: 'is not being voted on' },
  bad_ballot: { number: 762, field: 'ballot', text: 'the parts must sum to 10,000' },
  no_voting_power: { number: 763, field: 'validators', text: 'no stake of theirs votes on it' },
  not_guardian: { number: 764, field: 'account', text: 'is not the guardian' },
  guardian_used: { number: 765, field: 'account', text: 'used its pause: a vote arms it again' },
  bad_pause: { number: 766, field: 'durationMs', text: 'out of range' },

  // Security of accounts, 770 to 799: of transactions, of what a guarded account asks for, of changes.
  passkey_refused: { number: 770, field: 'signers', text: 'not what the account asks of passkeys' },
  agent_expired: { number: 771, field: 'signers', text: "the agent's time is over" },
  signatures_short: { number: 772, field: 'signers', text: "fewer keys than the account's policy" },
  account_frozen: { number: 773, field: 'account', text: 'frozen: only cancels and reductions' },
  change_waits: { number: 774, field: 'actions', text: 'loosens the account: ask for a change' },
  recovery_running: { number: 775, field: 'account', text: 'guardians recover the account' },
  not_whitelisted: { number: 776, field: 'to', text: 'no address that money may go to' },
  second_factor: { number: 777, field: 'signers', text: 'needs keys of two factor groups' },
  agent_scope: { number: 778, field: 'actions', text: "outside of the agent's scope" },
  agent_limit: { number: 779, field: 'actions', text: "beyond the agent's limit" },
  outflow_limit: { number: 780, field: 'actions', text: 'gives away more than the limit of a day' },
  bad_key: { number: 781, field: 'key', text: 'no key of the scheme, or not for this role' },
  key_known: { number: 782, field: 'key', text: 'is or was a key of the account: none returns' },
  too_many_keys: { number: 783, field: 'key', text: 'no place is left for it' },
  bad_scope: { number: 784, field: 'scope', text: 'out of range' },
  unknown_key_position: { number: 785, field: 'position', text: 'no key in force' },
  bad_policy: { number: 786, field: 'policy', text: 'out of range' },
  too_many_addresses: { number: 787, field: 'address', text: 'no place is left for it' },
  unknown_address: { number: 788, field: 'address', text: 'is not whitelisted' },
  policy_unsatisfiable: { number: 789, field: 'policy', text: 'the keys could not satisfy it' },
  too_many_pending: { number: 790, field: 'account', text: 'too much waits already' },
  unknown_pending: { number: 791, field: 'id', text: 'nothing of the account waits by it' },
  own_veto: { number: 792, field: 'signers', text: 'a key cannot stop its own removal' },
  bad_freeze: { number: 793, field: 'durationMs', text: 'must be 1 ms to 7 days' },
  freeze_used: { number: 794, field: 'signers', text: 'used its freeze: the owner re-arms it' },
  no_recovery: { number: 795, field: 'account', text: 'no recovery runs, or none may begin yet' },
  bad_recovery: { number: 796, field: 'keys', text: 'must be owner keys' },

  // Upgrades.
  unknown_module: { number: 800, field: 'module', text: 'no such module' },
  upgrade_planned: { number: 801, field: 'module', text: 'a version of it is on its way' },
  version_not_next: { number: 802, field: 'version', text: 'not the one after that in force' },
  no_upgrade: { number: 803, field: 'version', text: 'no vote has decided on it' },
  wrong_code: { number: 804, field: 'codeHash', text: 'not the code that the vote named' },
} as const;

export type RuntimeErrorCode = keyof typeof RUNTIME_ERRORS;

/** The entry of a code, as the common type. */
export function errorEntry(code: RuntimeErrorCode): ErrorEntry {
  return RUNTIME_ERRORS[code];
}

/** A refusal with its facts, as handlers return it. */
export type Refusal = {
  readonly code: RuntimeErrorCode;
  readonly given: bigint;
  readonly allowed: bigint;
};

/** A refusal as receipts carry it. */
export type RefusalRecord = {
  readonly number: number;
  readonly given: bigint;
  readonly allowed: bigint;
};

export const RefusalRecordCodec: Codec<RefusalRecord> = container<RefusalRecord>('RefusalRecord', {
  number: u16(),
  given: i128(),
  allowed: i128(),
});

/** Builds a refusal; facts default to 0. */
export function refusal(
  code: RuntimeErrorCode,
  facts: { given?: bigint | number; allowed?: bigint | number } = {},
): Refusal {
  return { code, given: BigInt(facts.given ?? 0), allowed: BigInt(facts.allowed ?? 0) };
}

const FACT_LIMIT: bigint = 2n ** 127n;

/** A fact in 128 signed bits: a product of two given numbers may be beyond them. */
function fact(value: bigint): bigint {
  if (value >= FACT_LIMIT) return FACT_LIMIT - 1n;
  return value < -FACT_LIMIT ? -FACT_LIMIT : value;
}

/** The refusal for a receipt: facts beyond its format stand at the ends of it. */
export function refusalRecord({ code, given, allowed }: Refusal): RefusalRecord {
  return { number: RUNTIME_ERRORS[code].number, given: fact(given), allowed: fact(allowed) };
}

const CODE_OF_NUMBER: ReadonlyMap<number, RuntimeErrorCode> = new Map(
  (Object.keys(RUNTIME_ERRORS) as RuntimeErrorCode[]).map((code) => [
    RUNTIME_ERRORS[code].number,
    code,
  ]),
);

/** Name of a wire number, or `undefined` when this release does not know it. */
export function runtimeErrorCode(number: number): RuntimeErrorCode | undefined {
  return CODE_OF_NUMBER.get(number);
}
