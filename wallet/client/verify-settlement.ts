/**
 * Recomputes a delivery price from proved rows: the check that anyone can make of a settlement.
 *
 * Source: design/exchange.md §5. Every row is checked against one state root, which the caller takes from
 * a header whose finality it verified (`verify-finality.ts`); that no slot is left out follows from the
 * keys, which are made here, and proofs of absence. Browser-safe.
 */

import type { SettlementProof } from '../../node/rpc/schemas/settlement.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { Codec } from '../../runtime/core/ssz.ts';
import type { TimestampMs, UnderlyingId } from '../../runtime/core/units.ts';
import { deliveryGrid } from '../../runtime/linear/contract-terms.ts';
import { deliveryPrice, windowSums } from '../../runtime/options/delivery-price.ts';
import { type SettlementWindow, SettlementWindowCodec } from '../../runtime/options/settlement.ts';
import { settlementRowKeys } from '../../runtime/options/settlement-rows.ts';
import {
  SAMPLES_PER_ROW,
  SettlementSamplesCodec,
} from '../../runtime/options/settlement-samples.ts';
import { type Underlying, UnderlyingCodec } from '../../runtime/options/underlying.ts';
import { type ProofCheckError, verifyProofAnswer } from './verify-proof.ts';

/** In order of precedence. */
export type SettlementError =
  /** Other rows than those of the window, or in another order. */
  | { readonly code: 'wrong_rows'; readonly detail: string }
  | { readonly code: 'bad_proof'; readonly detail: string; readonly cause: ProofCheckError }
  | { readonly code: 'no_window' | 'malformed_row'; readonly detail: string }
  /** The window's row says otherwise than its samples. */
  | { readonly code: 'wrong_sums'; readonly detail: string }
  /** More than a tenth of the slots are missing, and the window was not extended for them. */
  | { readonly code: 'too_few_samples'; readonly detail: string }
  | { readonly code: 'wrong_price'; readonly detail: string };

export type VerifiedSettlement = {
  readonly window: SettlementWindow;
  readonly underlying: Underlying;
  /** Micro-USD by slot, 0 where one is missing. */
  readonly samples: readonly number[];
  /** Rows whose proofs were checked. */
  readonly rows: number;
  /** Micro-USD: what a price is a multiple of. */
  readonly grid: number;
  /** Micro-USD per coin, recomputed; `undefined` while the window is open. */
  readonly deliveryPrice: number | undefined;
};

type Place = { readonly underlying: UnderlyingId; readonly expiry: TimestampMs };
type Row = SettlementProof['rows'][number];

function decodedRow<T>(codec: Codec<T>, row: Row | undefined): T | undefined {
  const bytes = row?.value == null ? undefined : hexBytes(row.value);
  const decoded = bytes && codec.decode(bytes);
  return decoded?.ok ? decoded.value : undefined;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Whether the rows are those of a window of `slots` slots, one for one. */
function rowsProblem(rows: readonly Row[], place: Place, slots: number): string | undefined {
  const keys = settlementRowKeys(place, slots);
  if (rows.length !== keys.length) return `${rows.length} rows, ${keys.length} expected`;
  const at = keys.findIndex(
    ({ tableId, key }, i) => rows[i]?.table_id !== tableId || rows[i]?.key !== toHex(key),
  );
  return at < 0 ? undefined : `row ${at} is of another key`;
}

/** Samples by slot out of the rows after the first two, or the number of a row that holds none. */
function samplesOfRows(rows: readonly Row[], slots: number): number[] | number {
  const samples: number[] = [];
  for (const [i, row] of rows.entries()) {
    const found = row.value === null ? undefined : decodedRow(SettlementSamplesCodec, row);
    if (row.value !== null && found?.firstSlot !== i * SAMPLES_PER_ROW) return i;
    for (let slot = 0; slot < SAMPLES_PER_ROW && samples.length < slots; slot++) {
      samples.push(found?.samples[slot] ?? 0);
    }
  }
  return samples;
}

/** What the window's row says of its samples, against what they come to. */
function sumsProblem(window: SettlementWindow, samples: readonly number[]): string | undefined {
  const sums = windowSums(samples, window.slots);
  for (const name of ['decided', 'sampled', 'sum', 'lastSample'] as const) {
    if (sums[name] !== window[name]) return `${name}: ${window[name]}, samples give ${sums[name]}`;
  }
  return undefined;
}

/**
 * Checks the answer of `public/get_settlement_proof` against a state root that the caller trusts, and
 * recomputes. Errors in `SettlementError`'s order. Cost: ~20 hashes a row.
 */
export function verifySettlement(
  answer: Pick<SettlementProof, 'rows'>,
  place: Place,
  stateRoot: Uint8Array,
): Result<VerifiedSettlement, SettlementError> {
  const { rows } = answer;
  const window = decodedRow(SettlementWindowCodec, rows[1]);
  const wrongRows = rowsProblem(rows, place, window?.slots ?? 0);
  if (wrongRows !== undefined) return err({ code: 'wrong_rows', detail: wrongRows });
  for (const [i, row] of rows.entries()) {
    const checked = verifyProofAnswer(row, stateRoot);
    if (!checked.ok) {
      return err({
        code: 'bad_proof',
        detail: `row ${i}: ${checked.error.code}`,
        cause: checked.error,
      });
    }
  }
  if (window === undefined) {
    return err({ code: 'no_window', detail: 'this expiry has no settlement window in the state' });
  }
  const underlying = decodedRow(UnderlyingCodec, rows[0]);
  if (underlying === undefined) return err({ code: 'malformed_row', detail: 'underlying' });
  const samples = samplesOfRows(rows.slice(2), window.slots);
  if (typeof samples === 'number') return err({ code: 'malformed_row', detail: `row ${samples}` });
  const wrongSums = sumsProblem(window, samples);
  if (wrongSums !== undefined) return err({ code: 'wrong_sums', detail: wrongSums });
  const grid = deliveryGrid(underlying);
  const verified = { window, underlying, samples, rows: rows.length, grid };
  if (window.deliveryPrice === 0) return ok({ ...verified, deliveryPrice: undefined });
  const { slotsToExpiry, sampled, slots } = window;
  const missing = Math.max(0, slotsToExpiry - sampled);
  if (sampled === 0 || (missing * 10 > slotsToExpiry && slots < 2 * slotsToExpiry)) {
    return err({ code: 'too_few_samples', detail: `${sampled} of ${slotsToExpiry}` });
  }
  const recomputed = deliveryPrice(windowSums(samples, slots), grid);
  if (recomputed !== window.deliveryPrice) {
    const detail = `${window.deliveryPrice} micro-USD, samples give ${recomputed}`;
    return err({ code: 'wrong_price', detail });
  }
  return ok({ ...verified, deliveryPrice: recomputed });
}
