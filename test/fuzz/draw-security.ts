/** Actions on the security of an account: keys, rules, what waits; plausible, or hostile. */
import { NO_POLICY } from '../../runtime/accounts/security/rows.ts';
import { pendingOf } from '../../runtime/accounts/security/security-index.ts';
import {
  ALL_PERMISSIONS,
  CHANGE,
  type Change,
  type NewKey,
  type Policy,
  SECURITY_ACTION,
  type SecurityAction,
} from '../../runtime/actions/security.ts';
import { orderId, subAccount, timestampMs } from '../../runtime/core/units.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import type { Prng } from '../sim/prng.ts';
import { hostileU8, hostileU64 } from './draw-values.ts';
import type { Person } from './world.ts';

/** How often each is drawn, by selector. */
export const SECURITY_WEIGHTS: readonly (readonly [selector: number, weight: number])[] = [
  [SECURITY_ACTION.changeSecurity, 3],
  [SECURITY_ACTION.endPending, 1],
  [SECURITY_ACTION.withdraw, 2],
  [SECURITY_ACTION.freeze, 1],
  [SECURITY_ACTION.rearm, 1],
  [SECURITY_ACTION.recover, 1],
  [SECURITY_ACTION.cancelRecovery, 1],
];

export type SecurityScene = {
  readonly prng: Prng;
  readonly hostility: number;
  readonly state: State;
  readonly people: readonly Person[];
  readonly person: Person;
  readonly now: number;
};

const MINUTE = 60_000;

/** A key that nobody holds, or one of the person's own. */
function keyOf({ prng, person, hostility }: SecurityScene, role: number): NewKey {
  const known = prng.pick(person.signers).publicKey;
  const fresh = new Uint8Array(32).map(() => prng.between(0, 255));
  const publicKey = prng.chance(hostility + 0.05) ? known : fresh;
  return {
    scheme: SCHEME.ed25519,
    publicKey,
    role: role as NewKey['role'],
    factorGroup: prng.between(0, 2),
    proof: new Uint8Array(64),
  };
}

function policyOf({ prng, hostility }: SecurityScene): Policy {
  const isHostile = prng.chance(hostility);
  return {
    ...NO_POLICY,
    ownerThreshold: isHostile ? hostileU8(prng) : 1,
    mfa: prng.chance(0.2),
    // Short, so that what waits is seen to end; the least that is allowed otherwise.
    delayMs: isHostile ? hostileU64(prng) : prng.pick([0, 0, 10 * MINUTE, 20 * MINUTE]),
    outflowBps: prng.pick([0, 1, 200, 10_000]),
  };
}

function changeOf(scene: SecurityScene): Change {
  const { prng, people, now } = scene;
  switch (prng.between(0, 6)) {
    case 0:
      return {
        selector: CHANGE.addKey,
        value: { key: keyOf(scene, prng.pick([0, 0, 1, 2, 3])) },
      };
    case 1:
      return {
        selector: CHANGE.addAgent,
        value: {
          key: keyOf(scene, 1),
          scope: {
            permissions: prng.between(0, ALL_PERMISSIONS),
            subAccounts: [],
            underlyings: [],
            notionalUsd: prng.pick([0, 1_000]),
            premiumUsd: 0,
            outflowUsd: prng.pick([0, 10]),
            maxMarginBps: prng.pick([0, 5_000]),
            expiresAt: timestampMs(now + prng.between(1, 30_000)),
          },
        },
      };
    case 2:
      return { selector: CHANGE.removeKey, value: { position: prng.between(0, 6) } };
    case 3:
    case 4:
      return { selector: CHANGE.setPolicy, value: { policy: policyOf(scene) } };
    case 5:
      return { selector: CHANGE.allowAddress, value: { address: prng.pick(people).address } };
    default:
      return { selector: CHANGE.forbidAddress, value: { address: prng.pick(people).address } };
  }
}

/** An action of security of this selector. */
export function drawSecurity(scene: SecurityScene, selector: number): SecurityAction {
  const { prng, state, people, person } = scene;
  switch (selector) {
    case SECURITY_ACTION.endPending: {
      const known = pendingOf(state, person.account);
      const any = orderId(Math.max(0, metaOf(state).nextOrderId - prng.between(0, 30)));
      const id = known.length > 0 ? prng.pick(known) : any;
      return { selector: SECURITY_ACTION.endPending, value: { id } };
    }
    case SECURITY_ACTION.withdraw: {
      const value = {
        subAccount: subAccount(prng.between(0, 2)),
        to: prng.pick(people).address,
        toSubAccount: subAccount(0),
        denomination: prng.pick([0, 0, 1] as const),
        amount: BigInt(prng.between(0, 50_000_000)),
      };
      return { selector: SECURITY_ACTION.withdraw, value };
    }
    case SECURITY_ACTION.freeze:
      return { selector: SECURITY_ACTION.freeze, value: { durationMs: prng.between(0, 900) } };
    case SECURITY_ACTION.rearm:
      return { selector: SECURITY_ACTION.rearm, value: { unused: 0 } };
    case SECURITY_ACTION.recover:
      return { selector: SECURITY_ACTION.recover, value: { keys: [keyOf(scene, 0)] } };
    case SECURITY_ACTION.cancelRecovery:
      return { selector: SECURITY_ACTION.cancelRecovery, value: { unused: 0 } };
    default: {
      const changes = Array.from({ length: prng.between(1, 2) }, () => changeOf(scene));
      return { selector: SECURITY_ACTION.changeSecurity, value: { changes } };
    }
  }
}
