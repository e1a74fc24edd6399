/** Builds, shows, confirms, signs, submits and reports: the way of every writing command. */

import type {
  ActionRefused,
  ActionResultInfo,
  SubmitResult,
} from '../../node/rpc/schemas/transaction.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import type { Action } from '../../runtime/action.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import type { Result } from '../../runtime/core/result.ts';
import { address } from '../../runtime/core/units.ts';
import { transactionId } from '../../runtime/transaction.ts';
import type { InputError } from '../client/amounts.ts';
import type { Client } from '../client/client.ts';
import { coinsOfLots, explainRefusal } from '../client/explain-refusal.ts';
import { addressOfText } from '../client/input-fields.ts';
import { accountOfPublicKey, type KeySigner, signTransaction } from '../client/sign.ts';
import {
  type ActionInput,
  buildAction,
  buildBody,
  createNonceClock,
  DEFAULT_TTL_MS,
} from '../client/transaction-builder.ts';
import type { Keystore } from '../keys/keystore.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { noteSent } from './history-file.ts';
import { type Arguments, flag, integer, text, texts } from './options.ts';
import { fields, print, time } from './output.ts';
import { confirm } from './prompt.ts';
import { openSigner, selectKey } from './signer.ts';

/** Options behind fields of the builder; others are positionals or say where in a file they stand. */
const OPTION_OF_FIELD: { readonly [field: string]: string } = {
  displayAmount: '--display',
  validUntil: '--valid-until',
  timeInForce: '--time-in-force',
  postOnly: '--post-only',
  clientOrderId: '--client-order-id',
  label: '--label',
  subAccount: '--sub-account',
  triggerPrice: '--trigger-price',
  windowMs: '--window',
  frozenMs: '--frozen',
  quantityLimit: '--quantity',
  deltaLimit: '--delta',
  vegaLimit: '--vega',
  fillsLimit: '--fills',
  moniker: '--moniker',
  addresses: '--address',
  maxCommission: '--max-commission',
  maxCommissionStep: '--max-step',
  selfBond: '--self-bond',
};

/** Unwraps what the builder says, as a usage error. */
export function must<T>(result: Result<T, InputError>): T {
  if (result.ok) return result.value;
  const { field, given, allowed } = result.error;
  throw usageError(OPTION_OF_FIELD[field] ?? field, given, allowed);
}

export const MAX_TIMEOUT_MS = 60_000;

/** A refusal in human units, as one line. Facts that do not apply are left out. */
function describeRefusal(result: ActionRefused, input: ActionInput | undefined): string {
  const { code, message, field } = result;
  const { given, allowed } = input === undefined ? result : explainRefusal(result, input);
  const facts = [
    `refused: ${code}: ${message}`,
    `field ${field}`,
    ...(given === undefined ? [] : [`given ${given}`]),
    ...(allowed === undefined ? [] : [`allowed ${allowed}`]),
  ];
  return facts.join('; ');
}

/** Lots of an order's result as coins, where the action says of which instrument. */
function lotsText(input: ActionInput | undefined, lots: number): string {
  switch (input?.type) {
    case 'order':
    case 'amend':
    case 'reduce':
      return coinsOfLots(input.instrument, lots);
    case 'replace':
      return coinsOfLots(input.order.instrument, lots);
    default:
      return `${lots} lots`;
  }
}

function describeResult(
  result: ActionResultInfo,
  input: ActionInput | undefined,
  comboName: string | undefined,
): string {
  switch (result.type) {
    case 'refused':
      return describeRefusal(result, input);
    case 'transferred':
      return `transferred ${result.amount}`;
    case 'order': {
      const { order_id, filled_lots, resting_lots, cash, fee } = result;
      const filled = lotsText(input, filled_lots);
      const resting = lotsText(input, resting_lots);
      return `order ${order_id}: filled ${filled}, resting ${resting}, cash ${cash} USD, fee ${fee} USD`;
    }
    case 'cancelled':
      return `cancelled ${result.cancelled}`;
    case 'trigger':
      return `order ${result.order_id} waits for its price`;
    case 'linked':
      return `orders ${result.first} and ${result.second}: one cancels the other`;
    case 'mass_quoted': {
      const { placed, kept, withdrawn, refused } = result;
      const sides = refused.map(
        ({ entry, side, code, message }) => `; quotes[${entry}] ${side}: ${code}: ${message}`,
      );
      return `quotes: ${placed} placed, ${kept} kept, ${withdrawn} withdrawn${sides.join('')}`;
    }
    case 'rule_set':
      return result.frozen_until === 0 ? 'set' : `frozen until ${result.frozen_until}`;
    case 'switch_armed':
      return result.fires_at === 0 ? 'disarmed' : `armed until ${time(result.fires_at)}`;
    case 'combo_listed':
      return `combo ${comboName ?? result.instrument_id}${result.is_new ? ' listed' : ' was listed before'}`;
    case 'numbered':
      if (input?.type === 'changeSecurity' || input?.type === 'withdraw') {
        return `waits as ${result.id}: see \`miletus account pending\``;
      }
      return `${input?.type === 'quoteRequest' ? 'quote' : 'request'} ${result.id}`;
    case 'legs_traded': {
      const { reference, counterparty_id, cash, fee } = result;
      return `traded with account ${counterparty_id}, number ${reference}: cash ${cash} USD, fee ${fee} USD`;
    }
    case 'liquidation_taken': {
      const { auction, share_ppm, price, fee, payout } = result;
      const paid = payout === '0' ? `fee ${fee} USD` : `insurance pays ${payout} USD`;
      return `took ${share_ppm / 10_000} % in auction ${auction}: price ${price} USD, ${paid}`;
    }
    case 'referrer_set':
      return `referred by account ${result.referrer_id}`;
    case 'staked':
      return `${result.amount} MIL staked, weighs from epoch ${result.from_epoch}`;
    case 'leaving':
      return `${result.shares} shares leave at the end of epoch ${result.last_epoch}`;
    case 'stake_claimed':
      return `paid ${result.usd} USD and ${result.mil} MIL`;
    case 'validator':
      return result.validator_id === 0 ? 'done' : `validator ${result.validator_id}`;
    case 'burned':
      return `${result.burned} MIL burned, reward ${result.reward} MIL`;
    case 'proposal':
      return `proposal ${result.proposal_id}, ${result.deposited} MIL deposited on it`;
    case 'voted':
      return `voted with ${result.power} MIL`;
  }
}

/** The name of the combo that a result lists, by which it trades. */
async function comboNameOf(
  client: Client,
  result: ActionResultInfo | undefined,
): Promise<string | undefined> {
  if (result?.type !== 'combo_listed') return undefined;
  const combos = await client.call('public/get_combos', {});
  return combos.find(({ instrument_id: id }) => id === result.instrument_id)?.id;
}

/** What was sent: for the report, and for the wallet's history. */
export type Sent = {
  readonly inputs: readonly ActionInput[];
  readonly chainId: string;
  readonly account: string;
  readonly key: string;
  readonly summary: string;
};

/** Prints what came of it and writes it down; the status says when it was refused or is not final. */
export async function reportSubmitted(
  argv: Arguments,
  client: Client,
  result: SubmitResult,
  { inputs, chainId, account, key, summary }: Sent,
): Promise<void> {
  const results = result.receipt?.results ?? [];
  const isJson = flag(argv, 'json');
  const comboName = isJson ? undefined : await comboNameOf(client, results[0]);
  const described = results.map((one, at) => describeResult(one, inputs[at], comboName));
  noteSent({
    at: Date.now(),
    chain_id: chainId,
    transaction_id: result.transaction_id,
    account,
    key,
    summary,
    status: result.status,
    height: result.height,
    results: described,
  });
  print(isJson, result, [
    `transaction ${result.transaction_id}`,
    result.height === null ? result.status : `${result.status} at height ${result.height}`,
    ...described,
  ]);
  if (result.status !== 'final') {
    process.exitCode = EXIT.notFinal;
  } else if (results.some(({ type }) => type === 'refused')) {
    process.exitCode = EXIT.refused;
  }
}

/** A file may travel for a day; nonces are good for two. */
const OFFLINE_TTL_MS = 86_400_000;
const MAX_TTL_MS = 172_800_000;

/** The key that will sign: named, or, of a file for another machine, given by `--signer`. */
function publicKeyOf(
  argv: Arguments,
  generate: string | undefined,
): Pick<Keystore, 'name' | 'pubkey'> {
  const signer = text(argv, 'signer');
  if (signer === undefined) return selectKey(argv);
  if (generate === undefined) {
    throw usageError('--signer', signer, 'with --generate: --from names a key that is here');
  }
  const pubkey = signer.toLowerCase();
  if (fromHex(pubkey)?.length === 32) return { name: pubkey, pubkey };
  throw usageError('--signer', signer, '64 hex characters of an ed25519 public key');
}

/**
 * Carries out a writing command. `summary` says in one line what will happen. With `--dry-run`
 * nothing is signed or sent, and no password is asked; with `--generate` it becomes a file to sign.
 */
export async function sendActions(
  argv: Arguments,
  client: Client,
  inputs: readonly ActionInput[],
  summary: string,
): Promise<void> {
  const ttlMs = integer(argv, 'ttl', { min: 1_000, max: MAX_TTL_MS });
  const timeoutMs = integer(argv, 'timeout', { min: 1, max: MAX_TIMEOUT_MS }) ?? 10_000;
  const actions: Action[] = inputs.map((input) => must(buildAction(input)));
  const generate = text(argv, 'generate');
  const keystore = publicKeyOf(argv, generate);
  const publicKey = fromHex(keystore.pubkey) ?? new Uint8Array(32);
  // Other keys of the account in this folder that sign beside, in order.
  const coSigners = texts(argv, 'with').map((name) => selectKey({ ...argv, from: name }));
  const on = text(argv, 'account');
  const account =
    on === undefined ? accountOfPublicKey(publicKey) : must(addressOfText('--account', on));
  const chainId = fromHex((await client.call('get_status', {})).chain_id) ?? new Uint8Array(32);
  const now = Date.now();
  const body = must(
    buildBody({
      account,
      publicKeys: [publicKey, ...coSigners.map(({ pubkey }) => fromHex(pubkey) ?? publicKey)],
      actions,
      nonce: createNonceClock(() => now)(),
      expiresAt: now + (ttlMs ?? (generate === undefined ? DEFAULT_TTL_MS : OFFLINE_TTL_MS)),
    }),
  );
  const plan = {
    summary,
    key: keystore.name,
    account: formatAddress(address(toHex(account))),
    chain_id: toHex(chainId),
    transaction_id: toHex(transactionId(chainId, body)),
    nonce: body.nonce,
    expires_at: body.expiresAt,
  };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...plan }, [
      'dry run: nothing is sent',
      ...fields(plan),
    ]);
    return;
  }
  if (generate !== undefined) {
    const { unsignedFile } = await import('../client/transaction-file.ts');
    const { writeTransactionFile } = await import('./tx.ts');
    const file = unsignedFile(chainId, body, summary);
    writeTransactionFile('--generate', generate, file);
    print(flag(argv, 'json'), { ...file, file: generate }, [
      `unsigned, in ${generate}: ${summary}`,
      `void from ${time(body.expiresAt)}`,
      `then: miletus tx sign ${generate} --from KEY --out signed.json`,
    ]);
    return;
  }
  await confirm(argv, `${summary}, signed by ${keystore.name}?`);
  const signer = await openSigner(argv, selectKey(argv));
  const others: KeySigner[] = [];
  for (const other of coSigners) others.push(await openSigner(argv, other));
  const { hex } = signTransaction(chainId, body, [signer, ...others]);
  const result = await client.call('submit_transaction', {
    transaction: hex,
    wait: 'final',
    timeout_ms: timeoutMs,
  });
  await reportSubmitted(argv, client, result, {
    inputs,
    chainId: plan.chain_id,
    account: formatAddress(address(toHex(account))),
    key: keystore.name,
    summary,
  });
}

/** Fails as the chain would when there is nothing to do. */
export function nothingToDo(field: string, allowed: string): CliError {
  return new CliError(EXIT.usage, { field, given: 'nothing', allowed });
}
