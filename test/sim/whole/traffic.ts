/**
 * What the outside world sends: oracle votes of every validator, and at random nodes transfers,
 * orders and cancels of a few traders.
 */

import { placeOfKey } from '../../../node/signer/local-signer.ts';
import { ACTION, type Action } from '../../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import type { SizeLots } from '../../../runtime/core/units.ts';
import {
  type PriceTicks,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../../runtime/core/units.ts';
import { liveExpiries, seriesOf } from '../../../runtime/options/series-index.ts';
import { oracleVoteDigest } from '../../../runtime/oracle/vote.ts';
import type { State } from '../../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec, SCHEME, transactionId } from '../../../runtime/transaction.ts';
import { accountOf } from '../../fixtures/block.ts';
import { sliceVote } from '../../fixtures/oracle.ts';
import { SIM_EPOCH_MS } from '../clock.ts';
import type { Prng } from '../prng.ts';
import type { Scheduler } from '../scheduler.ts';
import { simSign } from '../signature.ts';
import type { Machine } from './machine.ts';
import type { Watch } from './watch.ts';
import type { World } from './world.ts';

const ORACLE_EVERY_US = 1_000_000;
/** Mean time between two transactions of the whole cluster. */
const TRANSACTION_EVERY_MS = 150;
const MICRO = 1_000_000;
/** Underlyings of the genesis document, and about where their indexes stand, in dollars. */
const UNDERLYINGS = [
  { id: underlyingId(0), dollars: 100_000 },
  { id: underlyingId(1), dollars: 4_000 },
] as const;
/** Lifetimes of transactions: some expire before anyone can include them, most do not. */
const LIFETIMES_MS = [1_000, 8_000, 60_000, 60_000] as const;

export type TrafficOptions = {
  readonly world: World;
  readonly machines: readonly Machine[];
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly watch: Required<Watch>;
  /** No transaction is sent after this. */
  readonly untilUs: number;
};

function oraclePayload(
  machine: Machine,
  world: World,
  drift: number,
  now: number,
): Uint8Array | undefined {
  const api = machine.api();
  const state = machine.ledger()?.state;
  if (!api || !state || !machine.keys) return undefined;
  const { epoch } = api.status();
  const config = api.configs().find((one) => one.epoch === epoch);
  const validator = config && placeOfKey(config, machine.keys.consensus.publicKey);
  if (validator === undefined) return undefined;
  const vote = {
    epoch,
    validator,
    observedAt: timestampMs(now),
    underlyings: UNDERLYINGS.map(({ id, dollars }) => {
      const index = Math.floor(dollars * (1 + drift)) * MICRO;
      return {
        underlying: id,
        index,
        confidenceBps: 10_000,
        expiries: liveExpiries(state, id)
          .filter((expiry) => expiry > now)
          .map((expiry) => sliceVote(expiry, now, index)),
      };
    }),
  };
  const signature = simSign(machine.keys.oracle.publicKey, oracleVoteDigest(world.chainId, vote));
  return PayloadCodec.encode({ selector: PAYLOAD.oracleVote, value: { vote, signature } });
}

/** A transfer, or an order near the money, or a cancel of all. */
function randomAction(world: World, prng: Prng, state: State | undefined): Action {
  const sub = subAccount(0);
  const underlying = prng.pick(UNDERLYINGS).id;
  const expiries = state ? liveExpiries(state, underlying) : [];
  const series =
    state && expiries.length > 0 ? seriesOf(state, underlying, prng.pick(expiries)) : [];
  if (series.length === 0 || prng.chance(0.4)) {
    return {
      selector: ACTION.transfer,
      value: {
        fromSubAccount: sub,
        to: accountOf(prng.pick(world.traders)),
        toSubAccount: subAccount(prng.between(0, 1)),
        denomination: prng.chance(0.5) ? DENOMINATION.usd : DENOMINATION.mil,
        amount: BigInt(prng.between(1, 1_000_000)),
      },
    };
  }
  if (prng.chance(0.1)) return { selector: ACTION.cancelOrders, value: cancelAllOf(sub) };
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: sub,
      instrument: prng.pick(series),
      side: prng.chance(0.5) ? SIDE.buy : SIDE.sell,
      timeInForce: prng.chance(0.3) ? TIME_IN_FORCE.ioc : TIME_IN_FORCE.gtc,
      price: prng.between(1, 40) as PriceTicks,
      size: prng.between(1, 20) as SizeLots,
    },
  };
}

/** Begins to send; stops by itself at `untilUs`. */
export function startTraffic(options: TrafficOptions): void {
  const { world, machines, scheduler, prng, watch } = options;
  const wallMs = (): number => SIM_EPOCH_MS + Math.floor(scheduler.nowUs() / 1_000);
  let nonce = SIM_EPOCH_MS;
  let drift = 0;

  const submit = (machine: Machine, payload: Uint8Array, expiresAt: number | undefined): void => {
    const api = machine.api();
    if (!api) return;
    const life = machine.lives;
    void api.submit(payload).then((answer) => {
      if (!answer.ok || expiresAt === undefined) return;
      const { transactionId: id } = answer.value;
      watch.onAccepted({ machine: machine.index, life, transactionId: id, expiresAt });
    });
  };

  const vote = (): void => {
    drift += (prng.float() - 0.5) * 0.002;
    for (const machine of machines) {
      const payload = oraclePayload(machine, world, drift, wallMs());
      if (payload) submit(machine, payload, undefined);
    }
    scheduler.after(ORACLE_EVERY_US, vote);
  };

  const trade = (): void => {
    if (scheduler.nowUs() >= options.untilUs) return;
    const machine = prng.pick(machines);
    const trader = prng.pick(world.traders);
    nonce += 1;
    const expiresAt = wallMs() + prng.pick(LIFETIMES_MS);
    const body = {
      account: accountOf(trader),
      nonce,
      expiresAt: timestampMs(expiresAt),
      signers: [{ scheme: SCHEME.ed25519, publicKey: trader.publicKey }],
      actions: Array.from({ length: prng.between(1, 3) }, () =>
        randomAction(world, prng, machine.ledger()?.state),
      ),
    };
    const signatures = [simSign(trader.publicKey, transactionId(world.chainId, body))];
    const payload = PayloadCodec.encode({
      selector: PAYLOAD.transaction,
      value: { body, signatures },
    });
    submit(machine, payload, expiresAt);
    scheduler.after(prng.between(1, 2 * TRANSACTION_EVERY_MS) * 1_000, trade);
  };

  scheduler.after(prng.between(0, ORACLE_EVERY_US), vote);
  scheduler.after(0, trade);
}
