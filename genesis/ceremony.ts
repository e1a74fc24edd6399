/**
 * The genesis ceremony: a draft that everyone has, entries that operators sign, and the document that
 * both make.
 *
 * Source: design/staking-and-keys.md §1. A draft is a genesis document without validators; its
 * ceremony id is what the document's hash would be with one validator of zeros. An entry is signed by
 * its operator, consensus, oracle and peer keys over "miletus/join/v1" ‖ ceremonyId ‖ SSZ(entry), so
 * nobody enters a key that he saw elsewhere, and no entry counts for another draft.
 *
 * What a validator bonds comes out of its operator's account of the draft. So the draft fixes the
 * supply: MIL of all accounts before = MIL of all accounts and stakes after.
 *
 * Invariant: the same draft and entries give the same document, in whatever order they come.
 */
import { formatAddress } from '../runtime/accounts/address-text.ts';
import { compareBytes, equalBytes, fromHex, toHex } from '../runtime/core/bytes.ts';
import { DOMAIN, signingDigest } from '../runtime/core/hash.ts';
import { err, ok, type Result } from '../runtime/core/result.ts';
import { address, weight } from '../runtime/core/units.ts';
import { type EpochValidator, EpochValidatorCodec } from '../runtime/epoch-config.ts';
import { addressOfKey, SCHEME } from '../runtime/transaction.ts';
import { cappedWeights } from '../staking/power-cap.ts';
import { checkGenesis, type Genesis, genesisHash, readKey, readValidator } from './document.ts';
import { fields, type JsonNode, type JsonProblem, note, rootNode } from './json-reader.ts';

export const ENTRY_TYPE = 'miletus/genesis-entry';
export const ENTRY_VERSION = 1;
const MICRO = 1_000_000n;

/** Who signs an entry: each holder of a key that it names. */
export const ENTRY_ROLES = ['operator', 'consensus', 'oracle', 'peer'] as const;
export type EntryRole = (typeof ENTRY_ROLES)[number];

/** Whether `signature` (64 bytes) is `publicKey`'s over `digest`: the chain's own rule. */
export type VerifySignature = (
  publicKey: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** A checked draft. */
export type Draft = {
  /** The document as it was read, for the final one to be made of. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly genesis: Omit<Genesis, 'validators'>;
  /** 32 bytes. */
  readonly ceremonyId: Uint8Array;
};

/** Stands for the validators while there are none; three keys, since none may stand twice. */
const PLACEHOLDER: EpochValidator = {
  operator: new Uint8Array(20),
  consensusKey: new Uint8Array(32).fill(1),
  oracleKey: new Uint8Array(32).fill(2),
  peerKey: new Uint8Array(32).fill(3),
  weight: weight(1n),
  addresses: [],
};

function placeholderJson(): object {
  const { operator, consensusKey, oracleKey, peerKey } = PLACEHOLDER;
  return {
    operator: formatAddress(address(toHex(operator))),
    consensusKey: toHex(consensusKey),
    oracleKey: toHex(oracleKey),
    peerKey: toHex(peerKey),
    weight: 1,
    addresses: [],
  };
}

/** Checks a draft: a genesis document whose list of validators is empty. Every problem at once. */
export function checkDraft(json: unknown): Result<Draft, readonly JsonProblem[]> {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const document = isObject ? (json as Record<string, unknown>) : {};
  const { validators } = document;
  if (!Array.isArray(validators) || validators.length > 0) {
    const given = Array.isArray(validators) ? `${validators.length} validators` : 'no list';
    return err([{ field: 'validators', given, allowed: 'an empty list: a draft has none yet' }]);
  }
  const checked = checkGenesis({ ...document, validators: [placeholderJson()] });
  if (!checked.ok) return checked;
  const ceremonyId = genesisHash({ ...checked.value, validators: [PLACEHOLDER] });
  return ok({ json: document, genesis: checked.value, ceremonyId });
}

/** The 32 bytes that every key of an entry signs. */
export function joinDigest(ceremonyId: Uint8Array, entry: EpochValidator): Uint8Array {
  return signingDigest(DOMAIN.join, ceremonyId, EpochValidatorCodec.encode(entry));
}

/** An entry with its signatures. */
export type SignedEntry = {
  readonly entry: EpochValidator;
  /** ed25519 key whose account is `entry.operator`. */
  readonly operatorKey: Uint8Array;
  readonly signatures: Readonly<Record<EntryRole, Uint8Array>>;
};

/** A validator as documents have it. */
export function validatorJson(entry: EpochValidator): object {
  return {
    operator: formatAddress(address(toHex(entry.operator))),
    consensusKey: toHex(entry.consensusKey),
    oracleKey: toHex(entry.oracleKey),
    peerKey: toHex(entry.peerKey),
    weight: Number(entry.weight),
    addresses: entry.addresses.map((text) => String.fromCharCode(...text)),
  };
}

/** The file of an entry. */
export function entryJson(ceremonyId: Uint8Array, signed: SignedEntry): object {
  return {
    type: ENTRY_TYPE,
    version: ENTRY_VERSION,
    ceremony: toHex(ceremonyId),
    entry: validatorJson(signed.entry),
    operatorKey: toHex(signed.operatorKey),
    signatures: Object.fromEntries(
      ENTRY_ROLES.map((role) => [role, toHex(signed.signatures[role])]),
    ),
  };
}

function readSignature(node: JsonNode): Uint8Array {
  const isHex = typeof node.value === 'string' && node.value.length === 128;
  const signature = isHex ? fromHex(String(node.value)) : undefined;
  if (signature !== undefined) return signature;
  note(node, '128 hex characters');
  return new Uint8Array(64);
}

/** Address of an ed25519 key's account. */
function accountOf(publicKey: Uint8Array): Uint8Array {
  return fromHex(addressOfKey({ scheme: SCHEME.ed25519, publicKey })) ?? new Uint8Array(20);
}

/**
 * Checks the file of an entry for a ceremony: form, the operator's key, the four signatures. Every
 * problem at once. Cost: four signatures.
 */
export function checkEntry(
  json: unknown,
  ceremonyId: Uint8Array,
  verify: VerifySignature,
): Result<EpochValidator, readonly JsonProblem[]> {
  const root = rootNode(json);
  const of = fields(root, ['type', 'version', 'ceremony', 'entry', 'operatorKey', 'signatures']);
  if (of.type.value !== ENTRY_TYPE) note(of.type, ENTRY_TYPE);
  if (of.version.value !== ENTRY_VERSION) note(of.version, String(ENTRY_VERSION));
  if (of.ceremony.value !== toHex(ceremonyId)) {
    note(of.ceremony, `${toHex(ceremonyId)}: sign for this draft`);
  }
  const entry = readValidator(of.entry);
  const operatorKey = readKey(of.operatorKey);
  const nodes = fields(of.signatures, ENTRY_ROLES);
  const signatures = ENTRY_ROLES.map((role) => readSignature(nodes[role]));
  if (root.problems.length > 0) return err(root.problems);

  if (!equalBytes(accountOf(operatorKey), entry.operator)) {
    note(of.operatorKey, "the key of the operator's account");
  }
  const keys = [operatorKey, entry.consensusKey, entry.oracleKey, entry.peerKey];
  const digest = joinDigest(ceremonyId, entry);
  for (const [at, role] of ENTRY_ROLES.entries()) {
    const key = keys[at] ?? new Uint8Array(32);
    const isGood = verify(key, digest, signatures[at] ?? new Uint8Array(64));
    if (!isGood) note(nodes[role], `a signature by ${toHex(key)} over ${toHex(digest)}`);
  }
  return root.problems.length === 0 ? ok(entry) : err(root.problems);
}

/** Decimal MIL of micro-units. */
function milText(micro: bigint): string {
  return `${micro / MICRO}.${String(micro % MICRO).padStart(6, '0')}`;
}

/** What the entries claim together: stake that is there, and no weight that the cap would cut. */
function jointProblems(draft: Draft, entries: readonly EpochValidator[]): JsonProblem[] {
  const { accounts, staking } = draft.genesis;
  const problems: JsonProblem[] = [];
  const capped = cappedWeights(
    entries.map((entry) => entry.weight),
    staking.powerCapBps,
  );
  for (const [at, entry] of entries.entries()) {
    const operator = formatAddress(address(toHex(entry.operator)));
    const field = `weight of ${operator}`;
    const given = `${entry.weight} MIL`;
    const funded = accounts.find((account) => equalBytes(account.address, entry.operator))?.mil;
    if (funded === undefined) {
      problems.push({ field: 'accounts', given: `none of ${operator}`, allowed: 'one with MIL' });
    } else if (entry.weight * MICRO > funded) {
      const allowed = `at most ${milText(funded)} MIL, which the draft gives the account`;
      problems.push({ field, given, allowed });
    }
    if (entry.weight < BigInt(staking.minSelfBondMil)) {
      const allowed = `at least ${staking.minSelfBondMil} MIL (staking.minSelfBondMil)`;
      problems.push({ field, given, allowed });
    }
    const most = capped[at] ?? entry.weight;
    if (most < entry.weight) {
      const allowed = `at most ${most} MIL: the power cap (staking.powerCapBps)`;
      problems.push({ field, given, allowed });
    }
  }
  return problems;
}

/** The document and what it was checked to be. */
export type Collected = { readonly document: object; readonly genesis: Genesis };

/**
 * The genesis document of a draft and its checked entries. Every problem at once: no entry, an account
 * without the stake, too little stake, more than the power cap, keys and operators that stand twice.
 */
export function collectEntries(
  draft: Draft,
  given: readonly EpochValidator[],
): Result<Collected, readonly JsonProblem[]> {
  const entries = given.toSorted((a, b) => compareBytes(a.operator, b.operator));
  const problems = jointProblems(draft, entries);
  const bonded = new Map(entries.map((entry) => [toHex(entry.operator), entry.weight * MICRO]));
  const accounts = draft.genesis.accounts.map(({ address: raw, usd, mil }) => ({
    address: formatAddress(address(toHex(raw))),
    usd: milText(usd),
    mil: milText(maxZero(mil - (bonded.get(toHex(raw)) ?? 0n))),
  }));
  const document = { ...draft.json, accounts, validators: entries.map(validatorJson) };
  const checked = checkGenesis(document);
  const all = [...problems, ...(checked.ok ? [] : checked.error)];
  return checked.ok && all.length === 0 ? ok({ document, genesis: checked.value }) : err(all);
}

const maxZero = (value: bigint): bigint => (value < 0n ? 0n : value);
