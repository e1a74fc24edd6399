/** Format of `ExecutedBlock.transactions`. */

/** 32 id bytes and a byte that is 1 when the transaction was applied. */
export const TRANSACTION_ENTRY_BYTES = 33;
