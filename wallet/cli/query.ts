/** `miletus query`: reads from a node. */
import type { Argv } from 'yargs';
import type { MethodName } from '../../node/rpc/schemas/methods.ts';
import { MAX_STATISTICS_BLOCKS } from '../../node/rpc/schemas/statistics.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { usageError } from './cli-error.ts';
import { type Arguments, flag, integer, mustText, text, withClient, withNode } from './options.ts';
import { fields, print, table, time } from './output.ts';
import { settlement, withSettlement } from './query-settlement.ts';

const HEIGHTS = { min: 1, max: Number.MAX_SAFE_INTEGER };

async function status(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_status', {});
    print(flag(argv, 'json'), found, fields({ ...found, timestamp: time(found.timestamp) }));
  });
}

async function block(argv: Arguments): Promise<void> {
  const height = integer(argv, 'height', HEIGHTS);
  await withClient(argv, async (client) => {
    const found = await client.call('get_block', height === undefined ? {} : { height });
    const { body, ...summary } = found;
    print(flag(argv, 'json'), found, [
      ...fields({ ...summary, timestamp: time(summary.timestamp) }),
      ...body.map((one) => {
        const outcome = one.receipt?.outcome ?? 'results not kept';
        return `transaction ${one.transaction_id} of ${one.account}: ${outcome}`;
      }),
    ]);
  });
}

async function transaction(argv: Arguments): Promise<void> {
  const id = mustText(argv, 'id', '64 hex characters').toLowerCase();
  if (fromHex(id)?.length !== 32) throw usageError('id', id, '64 hex characters');
  await withClient(argv, async (client) => {
    const found = await client.call('get_transaction', { transaction_id: id });
    print(flag(argv, 'json'), found, [
      ...fields({ transaction: id, status: found.status, height: found.height ?? '-' }),
      ...(found.receipt?.results ?? []).map((result) => JSON.stringify(result)),
    ]);
  });
}

async function validators(argv: Arguments): Promise<void> {
  const epoch = integer(argv, 'epoch', { min: 0, max: Number.MAX_SAFE_INTEGER });
  await withClient(argv, async (client) => {
    const found = await client.call('get_validators', epoch === undefined ? {} : { epoch });
    print(flag(argv, 'json'), found, [
      `epoch ${found.epoch}, quorum ${found.quorum_weight} of ${found.total_weight}`,
      ...table([
        ['index', 'operator', 'weight', 'consensus key'],
        ...found.validators.map((one) => [
          String(one.index),
          one.operator,
          one.weight,
          one.consensus_key,
        ]),
      ]),
    ]);
  });
}

async function proof(argv: Arguments): Promise<void> {
  const given = mustText(argv, 'table', 'name or id of a state table');
  const key = mustText(argv, 'key', 'hex of the key');
  const tableOf = /^[0-9]{1,3}$/.test(given) ? Number(given) : given;
  const { verifyProofAnswer } = await import('../client/verify-proof.ts');
  await withClient(argv, async (client) => {
    const found = await client.call('get_proof', { table: tableOf, key });
    const verified = verifyProofAnswer(found, fromHex(found.state_root) ?? new Uint8Array(32));
    const document = { ...found, verified: verified.ok };
    print(flag(argv, 'json'), document, fields(document));
    if (!verified.ok) throw usageError('proof', verified.error.code, 'a proof that verifies');
  });
}

async function index(argv: Arguments): Promise<void> {
  const index_name = mustText(argv, 'underlying', 'a name such as BTC');
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_index_price', { index_name });
    print(flag(argv, 'json'), found, fields(found));
  });
}

async function parameters(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_parameters', {});
    print(
      flag(argv, 'json'),
      found,
      table([
        ['parameter', 'value', 'unit', 'allowed'],
        ...Object.entries(found.parameters).map(([name, { value, unit, min, max }]) => [
          name,
          String(value),
          unit,
          `${min} to ${max}`,
        ]),
      ]),
    );
  });
}

async function makers(argv: Arguments): Promise<void> {
  const currency = text(argv, 'currency')?.toUpperCase();
  await withClient(argv, async (client) => {
    const params = currency === undefined ? {} : { currency };
    const found = await client.call('get_maker_statistics', params);
    print(flag(argv, 'json'), found, [
      found.since_height === 0
        ? 'counting begins with the next block'
        : `counted since height ${found.since_height}`,
      ...table([
        ['maker', 'currency', 'touched', 'faded', 'fade'],
        ...found.makers.map((one) => [
          one.account,
          one.currency,
          String(one.touched),
          String(one.faded),
          `${(100 * one.fade).toFixed(1)} %`,
        ]),
      ]),
    ]);
  });
}

const orDash = (value: number | string | null): string => (value === null ? '-' : String(value));

async function proposers(argv: Arguments): Promise<void> {
  const blocks = integer(argv, 'blocks', { min: 1, max: MAX_STATISTICS_BLOCKS });
  await withClient(argv, async (client) => {
    const params = blocks === undefined ? {} : { blocks };
    const found = await client.call('get_proposer_statistics', params);
    print(flag(argv, 'json'), found, [
      `blocks ${found.from_height} to ${found.to_height}`,
      ...table([
        ['epoch', 'proposer', 'blocks', 'empty', 'waiting', 'txs', 'age p50', 'p90', 'inverted'],
        ...found.proposers.map((one) => [
          String(one.epoch),
          String(one.proposer),
          String(one.blocks),
          String(one.empty_blocks),
          String(one.empty_while_waiting),
          String(one.transactions),
          `${orDash(one.age_p50_ms)} ms`,
          `${orDash(one.age_p90_ms)} ms`,
          `${one.taker_pairs_inverted} of ${one.taker_pairs}`,
        ]),
      ]),
    ]);
  });
}

async function oracle(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_oracle_status', {});
    const { fresh_weight, total_weight, quorum_weight } = found;
    print(flag(argv, 'json'), found, [
      `epoch ${found.epoch}, fresh weight ${fresh_weight} of ${total_weight}, quorum ${quorum_weight}`,
      ...table([
        ['currency', 'index', 'status', 'age', 'confidence', 'slices', 'largest offset'],
        ...found.underlyings.map((one) => [
          one.currency,
          orDash(one.index_price),
          one.status,
          `${orDash(one.age_ms)} ms`,
          one.confidence.toFixed(4),
          String(one.slices.length),
          `${Math.max(0, ...one.slices.map(({ offset }) => Math.abs(offset))).toFixed(2)} points`,
        ]),
      ]),
      ...table([
        ['validator', 'weight', 'last vote', 'fresh', 'slots', 'missed', 'far', 'before'],
        ...found.validators.map(({ current, previous, ...one }) => [
          String(one.index),
          one.weight,
          one.last_vote_at === null ? '-' : time(one.last_vote_at),
          one.fresh ? 'yes' : 'no',
          orDash(current?.slots ?? null),
          orDash(current?.missed ?? null),
          orDash(current?.far ?? null),
          previous === null ? '-' : `${previous.missed}+${previous.far} of ${previous.slots}`,
        ]),
      ]),
    ]);
  });
}

async function rpc(argv: Arguments): Promise<void> {
  const method = mustText(argv, 'method', 'a method that rpc.discover lists');
  const given = text(argv, 'params') ?? '{}';
  let params: unknown;
  try {
    params = JSON.parse(given);
  } catch {
    throw usageError('params', given, 'a JSON object');
  }
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw usageError('params', given, 'a JSON object: parameters are by name');
  }
  await withClient(argv, async (client) => {
    // The node knows its methods better than this release may; it refuses what it lacks.
    const found = await client.call(method as MethodName, params as never);
    print(true, found, []);
  });
}

export function buildQuery(yargs: Argv): Argv {
  return yargs
    .command(
      'status',
      'Place in the chain and health of the node',
      (y) => withNode(y).example('$0 query status', 'height, epoch, peers'),
      status,
    )
    .command(
      'block [height]',
      'A final block; the newest unless told',
      (y) =>
        withNode(y)
          .positional('height', { type: 'string', describe: 'From 1' })
          .example('$0 query block 42', 'block 42'),
      block,
    )
    .command(
      'transaction <id>',
      'Status and results of a transaction',
      (y) =>
        withNode(y)
          .positional('id', { type: 'string', describe: '64 hex characters' })
          .example('$0 query transaction 1f3a…', 'its results once final'),
      transaction,
    )
    .command(
      'validators [epoch]',
      'Validators of an epoch',
      (y) =>
        withNode(y)
          .positional('epoch', { type: 'string', describe: 'The one in force unless told' })
          .example('$0 query validators', 'who votes, with what weight'),
      validators,
    )
    .command(
      'proof <table> <key>',
      'A row of the state with its proof, verified here',
      (y) =>
        withNode(y)
          .positional('table', { type: 'string', describe: 'Name or id' })
          .positional('key', { type: 'string', describe: 'Hex of the key' })
          .example('$0 query proof supply 00000000', 'the supply of USD'),
      proof,
    )
    .command(
      'index <underlying>',
      'Index price of an underlying',
      (y) =>
        withNode(y)
          .positional('underlying', { type: 'string', describe: 'BTC, ETH' })
          .example('$0 query index BTC', 'price, confidence, age'),
      index,
    )
    .command(
      'parameters',
      "The chain's parameters",
      (y) => withNode(y).example('$0 query parameters', 'values, units, ranges'),
      parameters,
    )
    .command(
      'makers [currency]',
      'Fade: what makers take away before the taker who comes for it is served',
      (y) =>
        withNode(y)
          .positional('currency', { type: 'string', describe: 'BTC, ETH; all unless told' })
          .example('$0 query makers BTC', 'most touched first'),
      makers,
    )
    .command(
      'proposers',
      'What each proposer included, how old it was, in which order takers',
      (y) =>
        withNode(y)
          .option('blocks', { type: 'string', describe: 'Newest blocks, 1 to 2000 (500)' })
          .example('$0 query proposers --blocks 100', 'of the last hundred blocks'),
      proposers,
    )
    .command(
      'settlement <name>',
      'A delivery price; with --verify recomputed from proofs and certificates',
      withSettlement,
      settlement,
    )
    .command(
      'oracle',
      'Age of the index, and how each validator votes',
      (y) => withNode(y).example('$0 query oracle', 'last votes, slots missed, far votes'),
      oracle,
    )
    .command(
      'rpc <method> [params]',
      'Call any method; prints its result as JSON',
      (y) =>
        withNode(y)
          .positional('method', { type: 'string', describe: 'E.g. public/ticker' })
          .positional('params', { type: 'string', describe: 'A JSON object' })
          .example('$0 query rpc get_block \'{"height":1}\'', 'the raw answer'),
      rpc,
    );
}
