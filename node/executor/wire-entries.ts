/** Format of `ExecutedBlock.transactions`. */

/** 32 id bytes and a byte that is 1 when the transaction was applied. */
export const TRANSACTION_ENTRY_BYTES = 33;

/** The entries, as views, in the order of the receipts. */
export function executedTransactions(entries: Uint8Array): { id: Uint8Array; applied: boolean }[] {
  const count = entries.length / TRANSACTION_ENTRY_BYTES;
  return Array.from({ length: count }, (_, index) => {
    const at = index * TRANSACTION_ENTRY_BYTES;
    return { id: entries.subarray(at, at + 32), applied: entries[at + 32] === 1 };
  });
}
