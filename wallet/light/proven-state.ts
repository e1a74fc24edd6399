/**
 * A state of proven rows alone: the chain's own functions run on it, and what they read and is not proven
 * yet is asked for, until all is. So a wallet computes what a node answers, from rows that the node proved,
 * by the code the node uses, and no part of the answer is the node's word.
 *
 * A missing row reads as absent and spoils the attempt; its result is thrown away. All rows of an answer
 * are under one root.
 */
import type { RowKeyParams } from '../../node/rpc/schemas/light.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { assert, ok, type Result } from '../../runtime/core/result.ts';
import type { AccountId, Address } from '../../runtime/core/units.ts';
import { type Key, SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { emptyState, type State } from '../../runtime/state/state.ts';
import { type TableStore, tableStore } from '../../runtime/state/table.ts';
import { type ValidatorId, validatorId } from '../../staking/ids.ts';
import { RpcError } from '../client/rpc-error.ts';
import type { LightClient, ProvenRows, VerifiedAt } from './light-client.ts';
import { type LightError, lightError } from './trust.ts';

/** Rounds of asking: an answer's reads depend on each other a few rows deep. */
const MAX_ROUNDS = 24;
/** Rows of one answer: 100 validators with pools, attendance, faults and joins of two epochs. */
const MAX_ROWS = 8_192;

export type Proven<T> = { readonly value: T; readonly at: VerifiedAt };

/** SSZ by `table/key`; `undefined` where absence is proved. */
type Known = Map<string, Uint8Array | undefined>;
type Missing = Map<string, RowKeyParams>;

/** What an attempt knows, and what it lacked. */
type Reads = { readonly known: Known; readonly missing: Missing };

const nameOf = ({ table, key }: RowKeyParams): string => `${table}/${key}`;

/** A table whose rows are those known; what else is read is noted as missing. */
function knownStore<K extends Key, V>(
  of: TableStore<K, V>,
  { known, missing }: Reads,
  keys?: () => K[],
): TableStore<K, V> {
  const { table } = of;
  const own = tableStore(table);
  const seen = new Set<K>();
  const read = (key: K): V | undefined => {
    if (seen.has(key)) return own.get(key);
    const bytes = table.key.encode(key);
    const row = { table: table.id, key: toHex(bytes) };
    const name = nameOf(row);
    if (!known.has(name)) {
      missing.set(name, row);
      return undefined;
    }
    seen.add(key);
    const value = known.get(name);
    if (value !== undefined) {
      const loaded = own.loadRow(bytes, value);
      assert(loaded.ok, `a proven row of ${table.name} decodes`);
    }
    return own.get(key);
  };
  const whole = (): never => {
    throw new Error(`${table.name} cannot be read whole from proofs`);
  };
  return {
    ...own,
    get size() {
      return keys?.().length ?? whole();
    },
    get: read,
    must(key) {
      const row = read(key);
      assert(row !== undefined, `table ${table.name} has row ${key}`);
      return row;
    },
    edit: read,
    has: (key) => read(key) !== undefined,
    touch: () => {},
    sortedKeys: keys ?? whole,
    unorderedEntries: whole,
    encodedRows: whole,
  };
}

type AnyStore = TableStore<Key, unknown>;
const isStore = (value: unknown): value is AnyStore =>
  typeof value === 'object' && value !== null && 'table' in value && 'loadRow' in value;

/** The tables of `of` with known rows; everything else as it is. */
function knownTables<T extends object>(of: T, reads: Reads): T {
  const entries = Object.entries(of).map(([name, value]) => [
    name,
    isStore(value) ? knownStore(value, reads) : value,
  ]);
  return Object.fromEntries(entries) as T;
}

function stateOf(chainId: Uint8Array, reads: Reads, addresses: readonly Address[]): State {
  const empty = emptyState(chainId);
  const state = knownTables(empty, reads);
  const staking = knownTables(empty.staking, reads);
  // Validators are numbered from 1 without a gap and never removed: which there are is proven.
  const ids = (): ValidatorId[] => {
    const next = staking.stakingMeta.get(SINGLETON_KEY)?.nextValidator ?? 1;
    const all = Array.from({ length: next - 1 }, (_, index) => validatorId(index + 1));
    return all.filter((id) => staking.validators.get(id) !== undefined);
  };
  const validators = knownStore(empty.staking.validators, reads, ids);
  const addressById = new Map<AccountId, Address>();
  for (const address of addresses) {
    const id = state.accounts.get(address)?.id;
    if (id !== undefined) addressById.set(id, address);
  }
  return {
    ...state,
    staking: { ...staking, validators },
    derived: { ...empty.derived, accounts: { addressById } },
  };
}

/**
 * What `answer` computes of the chain's state, every row of it proven. `addresses`: accounts whose numbers
 * may stand in rows; a node names them, their rows prove them. Errors: those of `LightClient.rows`,
 * too_deep, contradiction (rows that no chain of this release can have).
 */
export async function answerFromProofs<T>(
  light: LightClient,
  answer: (state: State) => T,
  addresses: readonly Address[] = [],
): Promise<Result<Proven<T>, LightError>> {
  const synced = await light.sync();
  if (!synced.ok) return synced;
  let known: Known = new Map();
  let place: Pick<ProvenRows, 'stateRoot' | 'at'> | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const missing: Missing = new Map();
    const reads = { known, missing };
    const state = stateOf(light.chainId() ?? new Uint8Array(32), reads, addresses);
    let attempt: { readonly value: T } | { readonly problem: unknown };
    try {
      attempt = { value: answer(state) };
    } catch (problem) {
      attempt = { problem };
    }
    if (missing.size === 0) {
      if ('value' in attempt && place !== undefined) {
        return ok({ value: attempt.value, at: place.at });
      }
      const { problem } = attempt as { readonly problem?: unknown };
      const detail = problem instanceof Error ? problem.message : String(problem);
      return lightError('proof', 'contradiction', detail);
    }
    if (known.size + missing.size > MAX_ROWS) break;
    try {
      const rows = await light.rows([...missing.values()], place);
      if (!rows.ok) return rows;
      place = rows.value;
      [...missing.keys()].forEach((name, index) => {
        known.set(name, rows.value.values[index]);
      });
    } catch (cause) {
      // The node keeps a root for some seconds: afterwards everything is asked for under a newer one.
      const isGone = cause instanceof RpcError && cause.data.code === 'proof_not_available';
      if (!isGone || place === undefined) throw cause;
      known = new Map();
      place = undefined;
    }
  }
  return lightError('proof', 'too_deep', `${known.size} rows proven and still more to read`);
}
