/** The genesis ceremony: what an entry must prove, what all of them may claim, one document for all. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { beforeEach, expect, test } from 'vitest';
import { buildGenesis } from '../../genesis/build-state.ts';
import {
  checkDraft,
  checkEntry,
  collectEntries,
  type Draft,
  entryJson,
  joinDigest,
} from '../../genesis/ceremony.ts';
import { genesisHash } from '../../genesis/document.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { asciiBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { portfolioId, subAccount, weight } from '../../runtime/core/units.ts';
import type { EpochValidator } from '../../runtime/epoch-config.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { genesisJson, validatorKeys } from '../fixtures/genesis.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is broken at an arbitrary place
type Json = any;

const COUNT = 7;
const FUNDED_MIL = 2_000_000;
const verify = (key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean =>
  ed25519.verify(signature, digest, key, { zip215: false });

function draftJson(): Json {
  const json: Json = genesisJson();
  json.validators = [];
  json.staking.minSelfBondMil = 10_000;
  json.accounts = Array.from({ length: COUNT }, (_, index) => ({
    address: formatAddress(validatorKeys(index).operator.address),
    usd: '0',
    mil: String(FUNDED_MIL),
  }));
  return json;
}

function mustDraft(json: Json): Draft {
  const draft = checkDraft(json);
  if (!draft.ok) throw new Error(JSON.stringify(draft.error));
  return draft.value;
}

function entryOf(index: number, mil = 1_000_000n): EpochValidator {
  const keys = validatorKeys(index);
  return {
    operator: fromHex(keys.operator.address) ?? new Uint8Array(20),
    consensusKey: keys.consensus.publicKey,
    oracleKey: keys.oracle.publicKey,
    peerKey: keys.peer.publicKey,
    weight: weight(mil),
    addresses: [asciiBytes(`/ip4/127.0.0.1/tcp/${26_000 + index}`)],
  };
}

/** The file of validator `index`'s entry, signed by all of its keys. */
function signed(
  ceremonyId: Uint8Array,
  index: number,
  entry: EpochValidator = entryOf(index),
): Json {
  const keys = validatorKeys(index);
  const digest = joinDigest(ceremonyId, entry);
  const by = (seed: Uint8Array): Uint8Array => ed25519.sign(digest, seed);
  return entryJson(ceremonyId, {
    entry,
    operatorKey: keys.operator.publicKey,
    signatures: {
      operator: by(keys.operator.seed),
      consensus: by(keys.consensus.seed),
      oracle: by(keys.oracle.seed),
      peer: by(keys.peer.seed),
    },
  });
}

let draft: Draft;
beforeEach(() => {
  draft = mustDraft(draftJson());
});

test('a draft has an id of its own that whatever is in it changes; one with validators is none', () => {
  const ids = new Set([toHex(draft.ceremonyId)]);
  const changes: ((json: Json) => void)[] = [
    (json) => (json.time += 1),
    (json) => (json.accounts[3].mil = '2000000.000001'),
    (json) => (json.parameters.epochMs += 1),
    (json) => (json.staking.powerCapBps += 1),
  ];
  for (const change of changes) {
    const json = draftJson();
    change(json);
    ids.add(toHex(mustDraft(json).ceremonyId));
  }
  expect(ids.size).toBe(changes.length + 1);
  expect(checkDraft(genesisJson())).toMatchObject({ error: [{ field: 'validators' }] });
  const shuffled = draftJson();
  shuffled.accounts.reverse();
  expect(mustDraft(shuffled).ceremonyId).toEqual(draft.ceremonyId);
});

test('an entry counts only with all four signatures, for its draft, by its operator', () => {
  const good = signed(draft.ceremonyId, 0);
  expect(checkEntry(good, draft.ceremonyId, verify)).toEqual({ ok: true, value: entryOf(0) });
  const other = new Uint8Array(32).fill(9);
  const broken: [string, (json: Json) => void, string][] = [
    ['a field changed', (json) => (json.entry.weight += 1), 'signatures.operator'],
    ['no operator', (json) => (json.signatures.operator = '00'.repeat(64)), 'signatures.operator'],
    ['no oracle', (json) => (json.signatures.oracle = json.signatures.peer), 'signatures.oracle'],
    ['no peer', (json) => (json.signatures.peer = json.signatures.oracle), 'signatures.peer'],
    ['another draft', (json) => (json.ceremony = toHex(other)), 'ceremony'],
    ['another type', (json) => (json.type = 'miletus/account-key'), 'type'],
    ['a version to come', (json) => (json.version = 2), 'version'],
    ['a field too many', (json) => (json.comment = 'x'), 'comment'],
    ['a cut signature', (json) => (json.signatures.peer = 'ab'), 'signatures.peer'],
    ['a weight of 0', (json) => (json.entry.weight = 0), 'entry.weight'],
    ['a bad address', (json) => (json.entry.operator = 'mil1qq'), 'entry.operator'],
  ];
  for (const [name, change, field] of broken) {
    const json = signed(draft.ceremonyId, 0);
    change(json);
    const checked = checkEntry(json, draft.ceremonyId, verify);
    expect(checked.ok ? [] : checked.error.map((problem) => problem.field), name).toContain(field);
  }
  // Another's operator key over the same entry: all signatures good, and not the operator.
  const stolen = signed(draft.ceremonyId, 0);
  const thief = validatorKeys(1).operator;
  stolen.operatorKey = toHex(thief.publicKey);
  const digest = joinDigest(draft.ceremonyId, entryOf(0));
  stolen.signatures.operator = toHex(ed25519.sign(digest, thief.seed));
  expect(checkEntry(stolen, draft.ceremonyId, verify)).toMatchObject({
    error: [{ field: 'operatorKey' }],
  });
  // Signed for another draft, shown for this one.
  const elsewhere = { ...signed(other, 0), ceremony: toHex(draft.ceremonyId) };
  const replayed = checkEntry(elsewhere, draft.ceremonyId, verify);
  expect(replayed.ok ? [] : replayed.error).toHaveLength(4);
});

test('one document from any order of entries; stake comes out of the accounts, to the micro-MIL', () => {
  const entries = Array.from({ length: COUNT }, (_, index) => entryOf(index));
  const one = collectEntries(draft, entries);
  const two = collectEntries(draft, entries.toReversed());
  if (!one.ok || !two.ok) throw new Error(JSON.stringify([one, two]));
  expect(genesisHash(one.value.genesis)).toEqual(genesisHash(two.value.genesis));
  const { state } = buildGenesis(one.value.genesis);
  const supply = BigInt(COUNT * FUNDED_MIL) * 1_000_000n;
  expect(state.supply.must(DENOMINATION.mil).amount).toBe(supply);
  const { id } = state.accounts.must(validatorKeys(2).operator.address);
  const purse = portfolioId(id, subAccount(0));
  expect(balanceOf(state, purse, DENOMINATION.mil)).toBe(1_000_000n * 1_000_000n);
});

test('what entries cannot claim together', () => {
  const all = Array.from({ length: COUNT }, (_, index) => entryOf(index));
  const claims: [string, (entries: EpochValidator[]) => EpochValidator[], RegExp][] = [
    ['nobody', () => [], /validators/],
    ['more than the account has', (e) => e.with(2, entryOf(2, 2_000_001n)), /at most 2000000\.0/],
    ['less than the least', (e) => e.with(2, entryOf(2, 9_999n)), /at least 10000 MIL/],
    ['more than the cap', (e) => e.with(2, entryOf(2, 2_000_000n)), /the power cap/],
    ['one operator twice', (e) => [...e, entryOf(2)], /each operator only once/],
    ['no account', (e) => [...e.slice(1), entryOf(8)], /one with MIL/],
    [
      "another's key",
      (e) => e.with(2, { ...entryOf(2), peerKey: validatorKeys(3).consensus.publicKey }),
      /each key only once/,
    ],
  ];
  for (const [name, change, said] of claims) {
    const collected = collectEntries(draft, change([...all]));
    expect(collected.ok ? 'ok' : JSON.stringify(collected.error), name).toMatch(said);
  }
});
