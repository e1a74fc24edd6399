/**
 * `miletus stake schedule`: what of an account's stake changes when. Times of epochs to come are
 * expectations: an epoch ends with the first block after its time.
 */
import type { DelegationInfo } from '../../node/rpc/schemas/staking.ts';
import { accountOf } from './account-options.ts';
import { type Arguments, flag, withClient } from './options.ts';
import { print, table, time } from './output.ts';

/** Something that happens at `at`, in words and for programs. */
type Due = {
  readonly at: number;
  readonly epoch: number;
  readonly validator_id: number;
  readonly kind: 'weighs' | 'leaves' | 'withdrawable' | 'liability_ends';
  /** MIL; of a lien, shares. */
  readonly amount: string;
  readonly note: string;
};

/** When an epoch begins, or evidence of it is taken no longer: expected. */
type Clock = (epoch: number) => number;

function duesOf(
  { validator_id, joins, unbondings, liens }: DelegationInfo,
  startOf: Clock,
  evidenceEnd: Clock,
): Due[] {
  const dues: Due[] = [];
  for (const { kind, amount, from_epoch, source } of joins) {
    const note = `${kind}${source === null ? '' : ` from validator ${source}`}: weighs and earns from here on`;
    dues.push({
      at: startOf(from_epoch),
      epoch: from_epoch,
      validator_id,
      kind: 'weighs',
      amount,
      note,
    });
  }
  for (const { stage, amount, last_epoch, matures_at, matures_in_epoch } of unbondings) {
    if (stage === 'leaving') {
      const note = 'weighs and earns no longer; unbonding begins';
      const epoch = last_epoch + 1;
      dues.push({ at: startOf(epoch), epoch, validator_id, kind: 'leaves', amount, note });
    }
    const at = Math.max(matures_at, startOf(matures_in_epoch));
    const note = stage === 'matured' ? 'now: miletus stake withdraw' : 'miletus stake withdraw';
    dues.push({ at, epoch: matures_in_epoch, validator_id, kind: 'withdrawable', amount, note });
  }
  for (const { source, last_epoch, shares } of liens) {
    const note = `answers for faults of validator ${source} through epoch ${last_epoch} until then`;
    const at = evidenceEnd(last_epoch);
    dues.push({
      at,
      epoch: last_epoch,
      validator_id,
      kind: 'liability_ends',
      amount: shares,
      note,
    });
  }
  return dues;
}

export async function showSchedule(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  await withClient(argv, async (client) => {
    const [found, pools, { parameters }, staking] = [
      await client.call('get_delegations', { account }),
      await client.call('get_staking_pools', {}),
      await client.call('get_parameters', {}),
      await client.call('get_staking_parameters', {}),
    ];
    const epochMs = parameters['epochMs']?.value ?? 0;
    const startOf: Clock = (epoch) => pools.epoch_ends_at + (epoch - pools.epoch - 1) * epochMs;
    const setting = (name: string): number => staking.parameters[name]?.value ?? 0;
    const evidenceEnd: Clock = (epoch) =>
      Math.max(
        startOf(epoch + 1) + setting('evidenceMs'),
        startOf(epoch + 1 + setting('evidenceEpochs')),
      );
    const dues = found.delegations
      .flatMap((one) => duesOf(one, startOf, evidenceEnd))
      .sort((a, b) => a.at - b.at || a.validator_id - b.validator_id);
    print(flag(argv, 'json'), { account: found.account, epoch: pools.epoch, schedule: dues }, [
      `epoch ${pools.epoch} until ${time(pools.epoch_ends_at)}`,
      ...(dues.length === 0
        ? ['nothing is on its way']
        : table([
            ['from', 'epoch', 'validator', 'what', 'amount', ''],
            ...dues.map((due) => [
              time(due.at),
              String(due.epoch),
              String(due.validator_id),
              due.kind.replace('_', ' '),
              due.amount,
              due.note,
            ]),
          ])),
    ]);
  });
}
