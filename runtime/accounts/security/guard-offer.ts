/**
 * The offer of a negotiated block under the rules of the account that makes it: one key signs it, and
 * another account brings it, so it goes past what guards the account's own transactions.
 */
import { ACTION } from '../../action.ts';
import type { BlockOffer } from '../../actions/multileg.ts';
import { SIDE } from '../../actions/order-terms.ts';
import type { BlockContext } from '../../block-context.ts';
import { type Refusal, refusal } from '../../error.ts';
import { nonceKey, type State } from '../../state/state.ts';
import type { Account } from '../account.ts';
import { agentRefusal, countAgentOrders } from './agent-limits.ts';
import { authorize } from './authorize.ts';
import { heldRefusal } from './change-security.ts';
import { blockNet, type Exposure, legsExposure } from './exposure.ts';
import { countOutflow, outflowRefusal } from './meter.ts';

/** What the offer's account sells, as it counts. */
function exposureOfOffer(state: State, offer: BlockOffer): Exposure {
  const net = blockNet(state, offer);
  const one = legsExposure(state, offer.legs, { side: SIDE.sell, net, units: 1 });
  const instruments = offer.legs.map(({ instrument }) => instrument);
  return { ...one, subAccounts: [offer.subAccount], instruments };
}

/**
 * `counterparty_role`, or `undefined`: the key alone may not make this offer now. Changes nothing. One
 * question for an account without rules of its own.
 */
export function offerRefusal(
  state: State,
  context: BlockContext,
  { account, position }: { readonly account: Account; readonly position: number },
  offer: BlockOffer,
): Refusal | undefined {
  const row = state.accountSecurity.get(account.id);
  if (row === undefined) return undefined;
  const action = { selector: ACTION.blockTrade, value: { offer, signature: NO_BYTES } };
  const exposure = exposureOfOffer(state, offer);
  const agent = state.agents.get(nonceKey.pack(account.id, position));
  const refused =
    heldRefusal(row, context) ??
    authorize(state, context, { account, row, signers: [{ position }] }, [action]) ??
    (agent === undefined ? undefined : agentRefusal(state, context, agent, action, exposure)) ??
    outflowRefusal(state, context, row, [position], exposure.giveUp);
  return refused === undefined ? undefined : refusal('counterparty_role', { given: position });
}

const NO_BYTES = new Uint8Array(0);

/** Counts an offer that traded. */
export function settleOffer(
  state: State,
  context: BlockContext,
  { account, position }: { readonly account: Account; readonly position: number },
  offer: BlockOffer,
): void {
  const row = state.accountSecurity.get(account.id);
  if (row === undefined) return;
  const exposure = exposureOfOffer(state, offer);
  const agent = state.agents.get(nonceKey.pack(account.id, position));
  if (agent !== undefined) countAgentOrders(state, context, agent, exposure);
  countOutflow(state, context, row, [position], exposure.giveUp);
}
