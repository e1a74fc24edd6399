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
/** Series in which one portfolio may hold a position or an order (standard margin). */
export const MAX_POSITIONS_PER_PORTFOLIO = 256;
/** Largest order and position, in lots: 10⁹ lots × 2⁵² risk units stays exact in bigint sums. */
export const MAX_ORDER_LOTS = 1_000_000_000;
/** Largest price, in ticks: $1 × 10⁹. */
export const MAX_PRICE_TICKS = 1_000_000_000;
/** Fills of one taker order: the rest of the order is cancelled (IOC) or refused (GTC). */
export const MAX_FILLS_PER_ORDER = 1_000;
