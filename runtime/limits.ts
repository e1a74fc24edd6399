/**
 * Every bound of the wire and of a block, with its arithmetic, in one place.
 *
 * A limit here is part of the format: raising one is state-machine breaking. Limits that a
 * validator set may tune within these stand in `EpochConfig.limits`.
 */

/** Most validators in an epoch: 100 votes of ~130 bytes a view, signer bitmap of 13 bytes. */
export const MAX_VALIDATORS = 128;
/** Signer bitmap: one bit a validator. */
export const MAX_BITMAP_BYTES: number = MAX_VALIDATORS / 8;
/** Network addresses a validator publishes. */
export const MAX_VALIDATOR_ADDRESSES = 4;
/** A multiaddr in ASCII. */
export const MAX_ADDRESS_BYTES = 256;

/** Keys, and so signatures, of one transaction. */
export const MAX_SIGNERS = 8;
/** Actions under one transaction. */
export const MAX_ACTIONS = 64;
/** A public key: ed25519 32, secp256k1 33, P-256 33 plus a 32-byte rpIdHash. */
export const MAX_PUBLIC_KEY_BYTES = 65;
/** ed25519 and secp256k1 64; WebAuthn: 64 + authenticatorData 512 + clientDataJSON 1,024 + framing. */
export const MAX_SIGNATURE_BYTES = 1_664;
/** 64 actions of at most 256 bytes, 8 signers, 8 signatures: below 32 KiB. */
export const MAX_TRANSACTION_BYTES: number = 64 * 1024;

/** Payload items (transactions and oracle votes) of a block. */
export const MAX_BLOCK_PAYLOADS = 8_192;
/** Bytes of the payload items of a block; 1,000 transactions of 20 orders are 0.9 MB. */
export const MAX_BLOCK_BYTES: number = 4 * 1024 * 1024;
/** Transactions of one (account, key) in a block. */
export const MAX_TRANSACTIONS_PER_KEY = 128;

/** Values of one oracle vote: 16 underlyings, 32 expiries each. */
export const MAX_ORACLE_UNDERLYINGS = 16;
export const MAX_ORACLE_EXPIRIES = 32;

/** Nonces remembered per (account, key). */
export const NONCE_WINDOW = 256;
export const NONCE_PAST_MS: number = 2 * 24 * 3_600_000;
export const NONCE_FUTURE_MS: number = 24 * 3_600_000;

/** Certificates that travel with a proposal: one for each view since its parent, bounded. */
export const MAX_PROPOSAL_CERTIFICATES = 64;

/** R: roots are made, and the state is written, at heights that are multiples of this. */
export const CARRIED_ROOT_INTERVAL = 8;

/** A timestamp further ahead of the voter's clock than this is "not yet". */
export const MAX_CLOCK_AHEAD_MS = 500;

/** Open orders of one portfolio in one series, and over all series. */
export const MAX_OPEN_ORDERS_PER_SERIES = 200;
export const MAX_OPEN_ORDERS_PER_PORTFOLIO = 2_000;
/** Open orders of one account over all its sub-accounts: five full ones. */
export const MAX_OPEN_ORDERS_PER_ACCOUNT = 10_000;
/** Series in which one portfolio may hold a position or an order (standard margin). */
export const MAX_POSITIONS_PER_PORTFOLIO = 256;
/** Largest order and position, in lots: 10⁹ lots × 2⁵² risk units stays exact in bigint sums. */
export const MAX_ORDER_LOTS = 1_000_000_000;
/** A parent block older than this: trading restarts by auction (design/chain.md §2). */
export const RESTART_GAP_MS = 60_000;
/** Least time between two indicative prices of one running auction. */
export const INDICATIVE_INTERVAL_MS = 1_000;
/** Crossing orders that indicative prices of one block look at, ~2 µs each; one book at least. */
export const MAX_INDICATIVE_ORDERS = 5_000;
/** Orders that ends of auctions meet in one block, ~5 µs each; one book at least. */
export const MAX_CLEARED_ORDERS_PER_BLOCK = 10_000;
/** Largest price, in ticks: $1 × 10⁹. */
export const MAX_PRICE_TICKS = 1_000_000_000;
/** A dead-man switch fires this long after it was renewed, at least and at most. */
export const MIN_SWITCH_TIMEOUT_MS = 5_000;
export const MAX_SWITCH_TIMEOUT_MS: number = 24 * 3_600_000;
/** Orders and triggers that dead-man switches close in one block: 10 ms. */
export const MAX_SWITCH_CLOSES = 5_000;
/** Orders and triggers that their own dates close in one block, about 2 µs each. */
export const MAX_TIME_CLOSES = 5_000;
/** Orders and triggers of series, and orders of combos, that an expiry closes in one block. */
export const MAX_EXPIRY_CLOSES = 5_000;
/** Longest window and freeze of a market-maker protection. */
export const MAX_PROTECTION_MS: number = 24 * 3_600_000;
/** Largest notional budget of a trading key, in USD: a trillion a day is no bound. */
export const MAX_NOTIONAL_BUDGET_USD = 1_000_000_000_000;
/** Largest limit of a protection: what is summed towards it stays exact. */
export const MAX_PROTECTION_LIMIT: number = 2 ** 50;
/** Resting orders that one which never rests may meet, about 2 µs each. */
export const MAX_FILLS_PER_ORDER = 1_000;
/** The same of an order that can rest, which so stays light: a sweep of more is an IOC order. */
export const MAX_FILLS_OF_RESTING_ORDER = 100;
/** Orders that an incoming one may meet beyond one for each of its lots: those that only close. */
export const SPARE_TURNS = 12;
/** Least share of an iceberg that is shown at a time: one of 100, so at most 100 refreshes. */
export const MAX_ICEBERG_SLICES = 100;
/** How far ahead a GTT order or a trigger may expire: beyond the longest series. */
export const MAX_ORDER_LIFETIME_MS: number = 400 * 24 * 3_600_000;
/** Triggers of one portfolio that wait; one costs a row and an entry of an index. */
export const MAX_TRIGGERS_PER_PORTFOLIO = 100;
/** Triggers fired in one block; the rest fire in the next. */
export const MAX_TRIGGERS_FIRED_PER_BLOCK = 200;
/** Weight of their orders at which no further one fires in the block: about 20 ms, and one order. */
export const MAX_TRIGGER_WEIGHT_PER_BLOCK = 20_000;
/** Orders and triggers cancelled by one action: all that one portfolio can have. */
export const MAX_CANCELS_PER_ACTION: number =
  MAX_OPEN_ORDERS_PER_PORTFOLIO + MAX_TRIGGERS_PER_PORTFOLIO;
/** Open orders that one cancel over all sub-accounts looks at, ~0.1 µs each: ten full portfolios. */
export const MAX_ORDERS_SEEN_PER_CANCEL: number = 10 * MAX_OPEN_ORDERS_PER_PORTFOLIO;

/** Liquidation auctions begun in one block, about 20 µs each with 8 positions; the rest in the next. */
export const MAX_LIQUIDATIONS_STARTED_PER_BLOCK = 500;
/** Closings against counterparties in one block, about 20 µs each with 8 positions. */
export const MAX_DELEVERAGED_FILLS_PER_BLOCK = 500;
/** Series that deleveraging looks for counterparties of in one block: each 2 ms with all candidates. */
export const MAX_DELEVERAGED_SERIES_PER_BLOCK = 16;
/** Holders of the other side that are ranked, the largest ones. */
export const MAX_DELEVERAGED_CANDIDATES = 2_000;

/** Legs of a request for quote or a negotiated block. */
export const MAX_LEGS = 20;
/** Legs of a listed combo. */
export const MIN_COMBO_LEGS = 2;
export const MAX_COMBO_LEGS = 4;
/** Combos listed at a time; beyond them one without orders makes room. */
export const MAX_COMBOS = 4_096;
/** Orders of its own book that a combo order meets. */
export const MAX_COMBO_FILLS = 64;
/** Times that a combo order looks at the best outright prices of all its legs. */
export const MAX_IMPLIED_IN_EVALUATIONS = 32;
/** Resting orders of each leg's book that a combo order may meet. */
export const MAX_IMPLIED_IN_TURNS = 64;
/** Resting combo orders that an outright order may trade against. */
export const MAX_IMPLIED_OUT = 16;
/** Orders of the other leg's book that one of them may trade with at a time. */
export const MAX_IMPLIED_OUT_FILLS = 32;
/** Margin checks and looks at legs that matches of combos may cost a block: 2,000 × ~25 µs. */
export const MAX_MULTILEG_WORK_PER_BLOCK = 2_000;
/** How long a request for quote, and a quote, lives at most. */
export const MAX_QUOTE_LIFE_MS = 10_000;
/** Live requests of one account, and of all: 4,096 × 64 quotes bound the table. */
export const MAX_REQUESTS_PER_ACCOUNT = 16;
export const MAX_REQUESTS = 4_096;
/** Live quotes on one request, and of one account. */
export const MAX_QUOTES_PER_REQUEST = 64;
export const MAX_REQUEST_QUOTES_PER_ACCOUNT = 256;
/** Makers that an acceptance tries, best price first, until one can carry the trade. */
export const MAX_QUOTES_TRIED = 8;
