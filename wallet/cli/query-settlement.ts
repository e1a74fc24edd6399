/** `miletus query settlement`: a settlement window and its delivery price, recomputed from proofs. */
import type { Argv } from 'yargs';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import type { TimestampMs } from '../../runtime/core/units.ts';
import { totalWeight } from '../../runtime/epoch-config.ts';
import { parseInstrumentName } from '../../runtime/options/instrument-name.ts';
import type { Client } from '../client/client.ts';
import type { ProvenSettlement } from '../client/prove-settlement.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, flag, mustText, text, withClient, withNode } from './options.ts';
import { fields, print, time } from './output.ts';

const NAME = 'an instrument (BTC-25DEC26-100000-C) or an expiry (BTC-25DEC26)';

/** Underlying and expiry of a series, or of a name without strike and kind. */
function placeOf(name: string): { readonly currency: string; readonly expiry: TimestampMs } {
  // An expiry alone is the start of the name of any of its series.
  const series = parseInstrumentName(name) ?? parseInstrumentName(`${name}-1-C`);
  if (series === undefined) throw usageError('name', name, NAME);
  return { currency: series.underlying, expiry: series.expiry };
}

const usd = (microUsd: number): string => `${(microUsd / 1e6).toFixed(6)} USD`;

/** What was checked, in order: each line says what follows from those before it. */
function steps(proven: ProvenSettlement, isPinned: boolean): string[] {
  const { window, samples, final, config, grid } = proven;
  const { header } = final;
  const sampled = samples.filter((sample) => sample > 0).length;
  const total = totalWeight(config);
  const carriedSum = window.sum + BigInt(window.slots - window.decided) * BigInt(window.lastSample);
  const trust = isPinned
    ? 'as --config-hash says, or the walk from what is trusted'
    : 'as this node gives it: compare it with another source, or pin it by --config-hash';
  return [
    `1 validators  config of epoch ${config.epoch}, ${config.validators.length} validators, hash ${toHex(proven.configHash)}`,
    `              ${trust}`,
    `2 finality    block ${header.height}, ${toHex(final.hash)}`,
    `              ${final.signatures} signatures verified, weight ${final.signedWeight} of ${total}`,
    `3 state root  ${toHex(header.executed.stateRoot)}, after block ${header.executed.height}, is in that header`,
    `4 proofs      ${proven.rows} rows verified: underlying, window, samples (absent ones too)`,
    `5 samples     ${sampled} of ${window.slots} slots of ${window.slotMs} ms from ${time(window.opensAt)}`,
    `              sum ${carriedSum} micro-USD, missing slots carried`,
    proven.deliveryPrice === undefined
      ? '6 delivery    not fixed yet: the window is open'
      : `6 delivery    ${carriedSum} ÷ ${window.slots}, to a multiple of ${grid} micro-USD: ${usd(proven.deliveryPrice)}`,
  ];
}

function documentOf(proven: ProvenSettlement): object {
  const { window, final } = proven;
  return {
    verified: true,
    currency: new TextDecoder().decode(proven.underlying.name),
    expiry: proven.expiry,
    delivery_micro_usd: proven.deliveryPrice === undefined ? null : String(proven.deliveryPrice),
    height: final.header.executed.height,
    state_root: toHex(final.header.executed.stateRoot),
    header_height: final.header.height,
    header_hash: toHex(final.hash),
    signatures: final.signatures,
    signed_weight: final.signedWeight.toString(),
    config_hash: toHex(proven.configHash),
    opens_at: window.opensAt,
    slot_ms: window.slotMs,
    slots: window.slots,
    grid_micro_usd: proven.grid,
    samples: proven.samples,
  };
}

/** The config that a walk from what is trusted leads to, where something is. */
async function walkedConfig(argv: Arguments, client: Client): Promise<Uint8Array | undefined> {
  const { anchorOf } = await import('./trust-file.ts');
  const anchor = anchorOf(argv);
  if (anchor === undefined) return undefined;
  const { createLightClient } = await import('../light/light-client.ts');
  const { mustProve } = await import('../light/answers.ts');
  return mustProve(await createLightClient({ client, anchor }).sync()).configHash;
}

async function verified(argv: Arguments, name: string): Promise<void> {
  const pin = text(argv, 'config-hash');
  const given = pin === undefined ? undefined : fromHex(pin);
  if (pin !== undefined && given?.length !== 32) {
    throw usageError('--config-hash', pin, '64 hex characters');
  }
  const { proveSettlement } = await import('../client/prove-settlement.ts');
  const verify = async (client: Client): Promise<void> => {
    const configHash = given ?? (await walkedConfig(argv, client));
    const proven = await proveSettlement(client, { ...placeOf(name), configHash });
    if (!proven.ok) {
      const { step, code, detail } = proven.error;
      const allowed = 'a settlement that verifies';
      throw new CliError(EXIT.notVerified, { field: step, given: `${code}: ${detail}`, allowed });
    }
    print(flag(argv, 'json'), documentOf(proven.value), [
      ...steps(proven.value, configHash !== undefined),
      'verified',
    ]);
  };
  await withClient(argv, verify, 'unverified');
}

async function shown(argv: Arguments, name: string): Promise<void> {
  const { currency, expiry } = placeOf(name);
  await withClient(argv, async (client) => {
    const { data } = await client.call('public/get_delivery_prices', {
      index_name: currency,
      count: 1_000,
    });
    const found = data.find(({ timestamp }) => timestamp === expiry);
    if (found === undefined) throw usageError('name', name, 'an expiry that was delivered lately');
    print(flag(argv, 'json'), found, [
      ...fields({ currency, expiry: time(expiry), delivery_price: found.delivery_price }),
      'not verified: --verify checks proofs and recomputes',
    ]);
  });
}

export async function settlement(argv: Arguments): Promise<void> {
  const name = mustText(argv, 'name', NAME)
    .toUpperCase()
    .replace(/D(?=\d+-[CP]$)/, 'd');
  const { anchorOf } = await import('./trust-file.ts');
  const isTrusting = argv['verify'] !== false && anchorOf(argv) !== undefined;
  if (flag(argv, 'verify') || isTrusting) await verified(argv, name);
  else await shown(argv, name);
}

export function withSettlement(yargs: Argv): Argv {
  return withNode(yargs)
    .positional('name', {
      type: 'string',
      describe: 'BTC-25DEC26, or an instrument of that expiry',
    })
    .option('verify', { type: 'boolean', describe: 'Check proofs and signatures, and recompute' })
    .option('config-hash', {
      type: 'string',
      describe: "Hash of the epoch's config that is trusted (get_epoch of another node)",
    })
    .example('$0 query settlement BTC-25DEC26 --verify', 'each step, or status 5');
}
