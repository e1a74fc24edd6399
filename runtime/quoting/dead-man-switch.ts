/**
 * Dead-man switches: every open order and trigger of a sub-account, or of all of an account, is
 * cancelled unless its owner says in time that it is still there.
 *
 * A switch that fires closes what was there at that moment, at most `MAX_SWITCH_CLOSES` a block over
 * all switches; the rest goes in the next blocks. What comes after that moment is not its concern,
 * nor does a renewal in between save what was due.
 *
 * Invariants: one row per switch; it is armed (`firesAt` above 0), clearing (`clearsUpTo` above 0) or
 * both. The due index holds every row: a clearing one at time 0, else at `firesAt`.
 */

import type { SwitchScope } from '../actions/quoting.ts';
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import { type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import type { AccountId, OrderId, SubAccount, TimestampMs } from '../core/units.ts';
import { type State, switchKey } from '../state/state.ts';

/** A row of the `deadManSwitches` table. */
export type DeadManSwitch = {
  readonly account: AccountId;
  readonly scope: SwitchScope;
  /** 0 where the scope is the account. */
  readonly subAccount: SubAccount;
  readonly timeoutMs: number;
  /** The first block at or after this fires it; 0: not armed. */
  readonly firesAt: TimestampMs;
  /** Orders and triggers up to this number are being closed; 0: none. */
  readonly clearsUpTo: OrderId;
};

export const DeadManSwitchCodec: Codec<DeadManSwitch> = container<DeadManSwitch>('DeadManSwitch', {
  account: u64<AccountId>(),
  scope: u8<SwitchScope>(),
  subAccount: u8<SubAccount>(),
  timeoutMs: u32(),
  firesAt: u64<TimestampMs>(),
  clearsUpTo: u64<OrderId>(),
});

/** Switches by the time at which they need work; keys are `switchKey`s. */
export type SwitchIndex = DueQueue;

export function switchIndex(): SwitchIndex {
  return dueQueue();
}

/** Key of a switch: the account with its sub-account, or with 256 for all of them. */
export function keyOfSwitch({
  account,
  scope,
  subAccount,
}: Pick<DeadManSwitch, 'account' | 'scope' | 'subAccount'>): number {
  return switchKey.pack(account, 256 * scope + subAccount);
}

/** When a row needs work: at once while it is clearing. */
function dueTime({ firesAt, clearsUpTo }: DeadManSwitch): number {
  return clearsUpTo === 0 ? firesAt : 0;
}

/** Writes a switch, or forgets one that is neither armed nor clearing. */
export function putSwitch(state: State, row: DeadManSwitch): void {
  const key = keyOfSwitch(row);
  if (row.firesAt === 0 && row.clearsUpTo === 0) {
    state.deadManSwitches.delete(key);
    clearDue(state.derived.switches, key);
    return;
  }
  state.deadManSwitches.set(key, row);
  setDue(state.derived.switches, key, dueTime(row));
}

/** Fills the due index from the table. */
export function rebuildSwitches(state: State): void {
  const { switches } = state.derived;
  resetDue(switches);
  for (const [key, row] of state.deadManSwitches.unorderedEntries()) {
    setDue(switches, key, dueTime(row));
  }
}
