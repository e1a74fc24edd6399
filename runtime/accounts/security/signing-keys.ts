/** Which keys of an account sign a transaction, and for how much they count. */
import type { State } from '../../state/state.ts';
import { nonceKey } from '../../state/state.ts';
import { type Account, type AccountKey, ROLE } from '../account.ts';

/** Keys by their positions in the account's list; one may stand there twice and counts once. */
export type Signers = readonly { readonly position: number }[];

/** Positions, each once, ascending. */
export function positionsOf(signers: Signers): number[] {
  return [...new Set(signers.map(({ position }) => position))].sort((a, b) => a - b);
}

/** The keys that sign, each once. */
export function signingKeys(account: Account, signers: Signers): AccountKey[] {
  return positionsOf(signers).flatMap((position) => account.keys[position] ?? []);
}

/** Distinct factor groups among the owner's keys that sign. */
export function factorGroupsOf(account: Account, signers: Signers): number {
  const groups = new Set<number>();
  for (const { role, factorGroup } of signingKeys(account, signers)) {
    if (role === ROLE.owner) groups.add(factorGroup);
  }
  return groups.size;
}

/** Positions of keys in force of a role. */
export function livePositions(account: Account, role: AccountKey['role']): number[] {
  return account.keys.flatMap((key, position) =>
    !key.removed && key.role === role ? [position] : [],
  );
}

/** Positions of the account's agents that are in force. */
export function agentPositions(state: State, account: Account): number[] {
  return livePositions(account, ROLE.trade).filter((position) =>
    state.agents.has(nonceKey.pack(account.id, position)),
  );
}
