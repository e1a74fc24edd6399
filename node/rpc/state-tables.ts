/** Ids and names of the state's tables. */
import { emptyState } from '../../runtime/state/state.ts';

export type TableName = { readonly id: number; readonly name: string };

let cached: readonly TableName[] | undefined;

/** In id order. */
export function stateTables(): readonly TableName[] {
  cached ??= emptyState(new Uint8Array(32)).stores.map(({ id, name }) => ({ id, name }));
  return cached;
}
