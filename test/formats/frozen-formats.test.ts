/**
 * Wire and state formats are frozen: the SHA-256 of fixed samples is compared with the recorded one.
 * A changed hash means that nodes of two releases would disagree. Recording anew is a reviewed act:
 *
 *     MILETUS_RECORD_FORMATS=1 npx vitest run test/formats
 *
 * with a line in CHANGELOG.md that says what breaks.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JOURNAL, JournalRecordCodec } from '../../consensus/journal.ts';
import {
  CertificateCodec,
  CONSENSUS_MESSAGE,
  ConsensusMessageCodec,
  KIND,
  type Proposal,
  type Subject,
  SubjectCodec,
  VoteCodec,
  voteDigest,
} from '../../consensus/messages.ts';
import { checkGenesis, genesisHash } from '../../genesis/document.ts';
import {
  BlocksAnswerCodec,
  BlocksRequestCodec,
  CertificatesRequestCodec,
  FinalizedBlockCodec,
  HandshakeCodec,
  PayloadBatchCodec,
  PayloadsRequestCodec,
  StatusCodec,
} from '../../p2p/messages.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import {
  type Block,
  BlockCodec,
  blockHash,
  HeaderCodec,
  transactionsRoot,
} from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import type { Codec } from '../../runtime/core/ssz.ts';
import {
  epoch,
  height,
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { EpochConfigCodec, epochConfigHash } from '../../runtime/epoch-config.ts';
import { EventsCodec } from '../../runtime/event.ts';
import { oracleVoteDigest, SignedOracleVoteCodec } from '../../runtime/oracle/vote.ts';
import { ACTION_RESULT, nextReceiptsRoot, ReceiptsCodec } from '../../runtime/receipt.ts';
import {
  addressOfKey,
  PayloadCodec,
  SCHEME,
  type Transaction,
  TransactionCodec,
  transactionId,
} from '../../runtime/transaction.ts';
import { runBlock, startChain, transactionOf } from '../fixtures/chain.ts';
import { builtGenesis, genesisJson, testKey } from '../fixtures/genesis.ts';

const PATH = join(import.meta.dirname, '..', 'vectors', 'frozen-formats.json');
const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

const ACTIONS: Action[] = [
  {
    selector: ACTION.transfer,
    value: {
      fromSubAccount: subAccount(1),
      to: fill(20, 2),
      toSubAccount: subAccount(3),
      denomination: 1,
      amount: 123_456_789n,
    },
  },
  {
    selector: ACTION.placeOrder,
    value: {
      subAccount: subAccount(1),
      instrument: instrumentId(7),
      side: 1,
      type: 1,
      timeInForce: 3,
      postOnly: 2,
      reduceOnly: true,
      selfTradePrevention: 3,
      price: priceTicks(4_200),
      size: sizeLots(17),
      displaySize: sizeLots(5),
      expiresAt: timestampMs(1_700_000_000_000),
      clientOrderId: 99,
      label: 7,
    },
  },
  { selector: ACTION.cancelOrder, value: { orderId: orderId(12_345) } },
  { selector: ACTION.cancelByClientId, value: { subAccount: subAccount(1), clientOrderId: 99 } },
  { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(255)) },
];

const TRANSACTION: Transaction = {
  body: {
    account: fill(20, 1),
    nonce: 1_764_576_000_001,
    expiresAt: timestampMs(1_764_576_060_000),
    signers: [
      { scheme: SCHEME.ed25519, publicKey: fill(32, 3) },
      { scheme: SCHEME.secp256k1, publicKey: fill(33, 4) },
    ],
    actions: ACTIONS,
  },
  signatures: [fill(64, 5), fill(64, 6)],
};

const VOTE = {
  epoch: epoch(3),
  validator: validatorIndex(2),
  observedAt: timestampMs(1_764_576_000_500),
  underlyings: [
    {
      underlying: underlyingId(0),
      index: 100_000_000_000,
      confidenceBps: 9_000,
      expiries: [
        {
          expiry: timestampMs(1_764_576_300_000),
          forward: 100_100_000_000,
          theta: 2_500,
          u: 3,
          l: 4,
        },
      ],
    },
  ],
};

const PROPOSAL: Proposal = {
  epoch: epoch(3),
  view: view(9),
  parentView: view(7),
  payload: fill(32, 7),
};

const SUBJECTS: Subject[] = [
  { selector: KIND.notarize, value: PROPOSAL },
  { selector: KIND.nullify, value: { epoch: epoch(3), view: view(8) } },
  { selector: KIND.finalize, value: PROPOSAL },
];

const genesis = builtGenesis();
const [config] = genesis.configs;
const BLOCK: Block = {
  header: {
    height: height(10),
    view: view(9),
    epoch: epoch(3),
    parent: fill(32, 8),
    timestamp: timestampMs(1_764_576_001_000),
    proposer: validatorIndex(2),
    transactionsRoot: fill(32, 9),
    executed: { height: height(0), stateRoot: fill(32, 10), receiptsRoot: fill(32, 11) },
    config: fill(32, 12),
    nextConfig: fill(32, 13),
  },
  payloads: [fill(5, 1), fill(6, 2)],
};

function samples(): Record<string, Uint8Array> {
  const out: Record<string, Uint8Array> = {};
  const encode = <T>(name: string, codec: Codec<T>, value: T): Uint8Array => {
    const bytes = codec.encode(value);
    const decoded = codec.decode(bytes);
    expect(decoded.ok && toHex(codec.encode(decoded.value)), name).toBe(toHex(bytes));
    out[name] = bytes;
    return bytes;
  };
  encode('Transaction', TransactionCodec, TRANSACTION);
  encode('Payload transaction', PayloadCodec, { selector: 0, value: TRANSACTION });
  const signed = { vote: VOTE, signature: fill(64, 14) };
  encode('SignedOracleVote', SignedOracleVoteCodec, signed);
  encode('Payload oracle vote', PayloadCodec, { selector: 1, value: signed });
  encode('Header', HeaderCodec, BLOCK.header);
  encode('Block', BlockCodec, BLOCK);
  encode('EpochConfig', EpochConfigCodec, config);
  for (const [i, subject] of SUBJECTS.entries()) {
    encode(`Subject ${i}`, SubjectCodec, subject);
    out[`voteDigest ${i}`] = voteDigest(fill(32, 15), subject);
    const vote = { subject, signer: validatorIndex(1), signature: fill(64, 16) };
    encode(`Vote ${i}`, VoteCodec, vote);
    const certificate = {
      subject,
      signers: new Uint8Array([0b0000_0111]),
      signatures: [fill(64, 1), fill(64, 2), fill(64, 3)],
    };
    encode(`Certificate ${i}`, CertificateCodec, certificate);
    encode(`JournalRecord vote ${i}`, JournalRecordCodec, { selector: JOURNAL.vote, value: vote });
    encode(`JournalRecord certificate ${i}`, JournalRecordCodec, {
      selector: JOURNAL.certificate,
      value: certificate,
    });
    encode(`FinalizedBlock ${i}`, FinalizedBlockCodec, { block: BLOCK, finalization: certificate });
    encode(`BlocksAnswer ${i}`, BlocksAnswerCodec, {
      blocks: [BLOCK],
      finalization: [certificate],
    });
    if (subject.selector !== KIND.notarize) continue;
    encode('ConsensusMessage proposal', ConsensusMessageCodec, {
      selector: CONSENSUS_MESSAGE.proposal,
      value: {
        vote,
        block: { header: BLOCK.header, wireIds: [fill(32, 17)] },
        certificates: [certificate],
      },
    });
  }
  encode('Handshake', HandshakeCodec, {
    chainId: fill(32, 1),
    protocolVersion: 1,
    nodeVersion: fill(7, 50),
    consensusKey: fill(32, 2),
    binding: fill(64, 3),
  });
  encode('Status', StatusCodec, {
    finalizedHeight: height(5),
    epoch: epoch(1),
    view: view(6),
    lowestHeight: height(1),
  });
  encode('BlocksRequest', BlocksRequestCodec, { from: height(5), count: 64 });
  encode('CertificatesRequest', CertificatesRequestCodec, {
    epoch: epoch(1),
    from: view(2),
    to: view(3),
  });
  encode('PayloadsRequest', PayloadsRequestCodec, { block: fill(32, 1), wireIds: [fill(32, 2)] });
  encode('PayloadBatch', PayloadBatchCodec, [fill(5, 1)]);
  const receipts = encode('Receipts', ReceiptsCodec, [
    {
      transactionId: fill(32, 1),
      index: 3,
      status: 1,
      results: [
        { selector: ACTION_RESULT.refused, value: { number: 216, given: -5n, allowed: 7n } },
        { selector: ACTION_RESULT.transferred, value: { amount: 5n } },
        {
          selector: ACTION_RESULT.order,
          value: { orderId: orderId(1), filledLots: 2, restingLots: 3, cash: -4n, fee: 5n },
        },
        { selector: ACTION_RESULT.cancelled, value: { cancelled: 6 } },
      ],
    },
  ]);
  out['receipts root'] = nextReceiptsRoot(fill(32, 1), receipts);
  out['transaction id'] = transactionId(fill(32, 1), TRANSACTION.body);
  out['oracle vote digest'] = oracleVoteDigest(fill(32, 1), VOTE);
  out['block hash'] = blockHash(BLOCK.header);
  out['transactions root'] = transactionsRoot([fill(32, 1), fill(32, 2)]);
  out['epoch config hash'] = epochConfigHash(config);
  const document = checkGenesis(genesisJson());
  if (document.ok) out['chain id of the test genesis'] = genesisHash(document.value);
  return out;
}

/** Every row and event of a short life: orders, a trade, marks, votes, settlements, epochs. */
function lived(): Record<string, Uint8Array> {
  const chain = startChain({ expiryIntervalMs: 120_000, epochMs: 60_000 });
  const events: Uint8Array[] = [];
  for (let i = 0; i < 320; i++) {
    const order = (side: 0 | 1): Action => ({
      selector: ACTION.placeOrder,
      value: {
        ...PLAIN_TERMS,
        subAccount: subAccount(0),
        instrument: instrumentId(1 + (i % 20)),
        side,
        price: priceTicks(5),
        size: sizeLots(1 + (i % 7)),
        clientOrderId: i,
      },
    });
    const maker = transactionOf(chain, testKey(i % 2 ? 'alice' : 'bob'), [order(1)]);
    const taker = transactionOf(chain, testKey(i % 2 ? 'bob' : 'alice'), [order(0)]);
    events.push(
      EventsCodec.encode([...runBlock(chain, i < 316 ? [maker, taker] : [maker]).events]),
    );
  }
  const out: Record<string, Uint8Array> = {};
  for (const store of chain.state.stores) {
    const rows = [...store.encodedRows()].flatMap(([key, value]) => [...key, ...value]);
    out[`table ${store.id} ${store.name}`] = new Uint8Array(rows);
  }
  out['events'] = new Uint8Array(events.flatMap((bytes) => [...bytes]));
  return out;
}

describe('frozen formats', () => {
  it('encode as recorded', () => {
    const found = Object.fromEntries(
      Object.entries({ ...samples(), ...lived() }).map(([name, bytes]) => [
        name,
        toHex(sha256(bytes)),
      ]),
    );
    if (process.env['MILETUS_RECORD_FORMATS'] === '1') {
      writeFileSync(PATH, `${JSON.stringify(found, null, 2)}\n`);
    }
    expect(found).toEqual(JSON.parse(readFileSync(PATH, 'utf8')));
  });

  it('of addresses: SHA-256 of domain, scheme, key and 32 zero bytes, cut to 20', () => {
    const key = testKey('alice');
    const preimage = new Uint8Array([
      ...new TextEncoder().encode('miletus/address/v1'),
      0,
      ...key.publicKey,
      ...fill(32, 0),
    ]);
    const address = addressOfKey({ scheme: SCHEME.ed25519, publicKey: key.publicKey });
    expect(address).toBe(toHex(sha256(preimage)).slice(0, 40));
  });
});
