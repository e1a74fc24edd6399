/**
 * `miletus block-trade`: a negotiated block in two steps. One side signs an offer to a file; the other
 * reads it, and takes it by a transaction of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { BLOCK_PRICING } from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { formatMoney } from '../client/amounts.ts';
import { addressOfText } from '../client/input-fields.ts';
import { buildBlockOffer, decodeBlockOffer, signBlockOffer } from '../client/multileg-input.ts';
import { accountOfPublicKey } from '../client/sign.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { describeLegs, legsOf, validUntilOf, withLegs, withLife } from './legs.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  subAccountOf,
  text,
  withClient,
  withJson,
  withSending,
} from './options.ts';
import { fields, print, time } from './output.ts';
import { confirm } from './prompt.ts';
import { must, sendActions } from './send-actions.ts';
import { openSigner, selectKey } from './signer.ts';

/** Offers live for ten minutes unless told: two people have to act. */
const OFFER_LIFE_MS = 600_000;
const FILE_TYPE = 'miletus/block-offer';

type OfferFile = { readonly type: string; readonly offer: string; readonly signature: string };

async function offer(argv: Arguments): Promise<void> {
  const to = mustText(argv, 'to', 'mil1… of the one who may take it');
  const file = mustText(argv, 'out', 'a file to write');
  const net = text(argv, 'net');
  const validUntil = validUntilOf(argv, OFFER_LIFE_MS);
  must(addressOfText('--to', to));
  await withClient(argv, async (client) => {
    const legs = await legsOf(argv, client);
    const keystore = selectKey(argv);
    const publicKey = fromHex(keystore.pubkey) ?? new Uint8Array(32);
    const on = text(argv, 'account');
    const built = must(
      buildBlockOffer({
        account:
          on === undefined ? accountOfPublicKey(publicKey) : must(addressOfText('--account', on)),
        publicKey,
        subAccount: subAccountOf(argv),
        nonce: Date.now(),
        validUntil,
        taker: to,
        takerSubAccount: integer(argv, 'to-sub-account', { min: 0, max: 255 }) ?? 0,
        legs,
        ...(net === undefined ? {} : { net }),
      }),
    );
    const total = net === undefined ? '' : `, ${net} USD in all`;
    const summary = `offer ${to} to ${describeLegs(legs)}${total}, until ${time(validUntil)}`;
    const plan = { summary, key: keystore.name, file, expires_at: validUntil };
    if (flag(argv, 'dry-run')) {
      print(flag(argv, 'json'), { dry_run: true, ...plan }, [
        'dry run: nothing is signed',
        ...fields(plan),
      ]);
      return;
    }
    await confirm(argv, `${summary}, signed by ${keystore.name}?`);
    const signer = await openSigner(argv, keystore);
    const chainId = fromHex((await client.call('get_status', {})).chain_id) ?? new Uint8Array(32);
    const signed: OfferFile = { type: FILE_TYPE, ...signBlockOffer(chainId, built, signer) };
    try {
      writeFileSync(file, `${JSON.stringify(signed)}\n`, { flag: 'wx' });
    } catch {
      const allowed = 'a file that is not there yet, in a folder that is';
      throw new CliError(EXIT.cannotCreate, { field: '--out', given: file, allowed });
    }
    print(flag(argv, 'json'), plan, [`offer written to ${file}: send it to ${to}`]);
  });
}

function readOffer(file: string): OfferFile {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === 'ENOENT';
    const allowed = isMissing ? 'a file that is there' : 'an offer of `miletus block-trade offer`';
    throw new CliError(isMissing ? EXIT.noInput : EXIT.badData, {
      field: 'file',
      given: file,
      allowed,
    });
  }
  const { type, offer: bytes, signature } = (content ?? {}) as Partial<OfferFile>;
  if (type !== FILE_TYPE || typeof bytes !== 'string' || typeof signature !== 'string') {
    const allowed = 'an offer of `miletus block-trade offer`';
    throw new CliError(EXIT.badData, { field: 'file', given: file, allowed });
  }
  return { type, offer: bytes, signature };
}

/** What an offer says, for a person to compare with what was agreed. */
function describeOffer({ offer: bytes }: OfferFile): Record<string, unknown> {
  const found = must(decodeBlockOffer(bytes));
  const text20 = (raw: Uint8Array): string => formatAddress(address(toHex(raw)));
  return {
    from: text20(found.account),
    from_sub_account: found.subAccount,
    to: text20(found.taker),
    to_sub_account: found.takerSubAccount,
    expires_at: time(found.expiresAt),
    net_usd: found.pricing === BLOCK_PRICING.net ? formatMoney(found.net) : null,
    // Names and coins need a node; numbers, lots and ticks are what is signed.
    legs: found.legs.map((leg) => ({
      instrument_id: leg.instrument,
      taker: leg.side === SIDE.buy ? 'buys' : 'sells',
      lots: leg.lots,
      price_ticks: leg.price,
    })),
  };
}

async function show(argv: Arguments): Promise<void> {
  const described = describeOffer(readOffer(mustText(argv, 'file', 'the file of an offer')));
  print(flag(argv, 'json'), described, fields(described));
}

async function accept(argv: Arguments): Promise<void> {
  const file = mustText(argv, 'file', 'the file of an offer');
  const signed = readOffer(file);
  const { from, legs } = describeOffer(signed) as { from: string; legs: readonly unknown[] };
  if (legs.length === 0) throw usageError('file', file, 'an offer with legs');
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'blockTrade', offer: signed.offer, signature: signed.signature }],
      `take the block of ${legs.length} legs that ${from} offers in ${file}`,
    ),
  );
}

const onFile = (y: Argv): Argv =>
  y.positional('file', { type: 'string', describe: 'File of the offer' }) as unknown as Argv;

export function buildBlockTrade(yargs: Argv): Argv {
  return yargs
    .command(
      'offer',
      'Sign an offer to a file; sends nothing. Legs as the other side trades them',
      (y) =>
        withLife(withLegs(withSending(y)))
          .option('to', { type: 'string', describe: 'Account that may take it' })
          .option('to-sub-account', { type: 'string', describe: 'Its sub-account (0)' })
          .option('net', {
            type: 'string',
            describe: 'USD the other side pays in all, else a price for each leg',
          })
          .option('out', { type: 'string', describe: 'File to write' })
          .example(
            '$0 block-trade offer --to mil1… --leg "buy 25 BTC-25DEC26-100000-C 1250" --out block.json',
            'sell 25 at 1250, if they take it within ten minutes',
          ),
      offer,
    )
    .command(
      'show <file>',
      'What an offer says',
      (y) =>
        withJson(onFile(y)).example('$0 block-trade show block.json', 'compare before taking it'),
      show,
    )
    .command(
      'accept <file>',
      'Take an offer that was made to you',
      (y) =>
        withSending(onFile(y)).example('$0 block-trade accept block.json --from bob', 'trades it'),
      accept,
    );
}
