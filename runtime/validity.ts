/**
 * Validity of a block at the vote: a pure function of block, parent header and epoch config.
 *
 * Source: design/chain.md §2. It reads no account: keys, nonces and balances are judged in
 * execution. `invalid` is for ever and for everyone; `notYet` means that something is missing here.
 * Signatures are checked apart, in batches: `signatureChecks` lists them.
 */

import { isStakingAction } from '../staking/actions.ts';
import { stakingChecks } from '../staking/checks.ts';
import { type KeyPurpose, keyProofDigest } from './accounts/security/key-proof.ts';
import {
  isSchemeForm,
  newKeyCheck,
  type SchemeCheck,
  signerCheck,
} from './accounts/security/scheme-checks.ts';
import { isTypable } from './accounts/security/typed-transaction.ts';
import { ACTION } from './action.ts';
import { type BlockTrade, blockOfferDigest } from './actions/multileg.ts';
import { isSecurityAction, type NewKey, newKeysOf, SECURITY_ACTION } from './actions/security.ts';
import {
  type Block,
  carriedHeight,
  type Executed,
  type Header,
  transactionsRoot,
  wireId,
} from './block.ts';
import { equalBytes, toHex } from './core/bytes.ts';
import { assert, ok } from './core/result.ts';
import type { TimestampMs, ValidatorIndex, View } from './core/units.ts';
import { type EpochConfig, epochConfigHash } from './epoch-config.ts';
import { MAX_CLOCK_AHEAD_MS } from './limits.ts';
import { oracleVoteDigest } from './oracle/vote.ts';
import {
  PAYLOAD,
  type Payload,
  PayloadCodec,
  SCHEME,
  type TransactionBody,
  transactionId,
} from './transaction.ts';
import { payloadWeight } from './weights.ts';

/** Why a block is invalid, in order of precedence. */
export const BLOCK_ERRORS = [
  'wrong_epoch',
  'wrong_view',
  'wrong_proposer',
  'wrong_parent',
  'wrong_height',
  'timestamp_not_above_parent',
  'timestamp_too_old',
  'wrong_config',
  'wrong_next_config',
  'wrong_executed_height',
  'wrong_executed_roots',
  'wrong_transactions_root',
  'too_many_payloads',
  'too_many_bytes',
  'malformed_payload',
  'duplicate_payload',
  'bad_signer_count',
  'unsupported_scheme',
  'bad_oracle_validator',
  'too_heavy',
] as const;
export type BlockErrorCode = (typeof BLOCK_ERRORS)[number];

/** What was missing here, in order of precedence. */
export const MISSING = ['parent', 'clock', 'next_config', 'executed'] as const;
export type Missing = (typeof MISSING)[number];

export type BlockVerdict =
  | { readonly kind: 'valid'; readonly payloads: readonly Payload[] }
  | { readonly kind: 'invalid'; readonly code: BlockErrorCode; readonly detail: string }
  | { readonly kind: 'notYet'; readonly missing: Missing };

/** What is known of the bytes of a payload: their hash (`wireId`), and what they decode to. */
export type KnownPayload = { readonly wireId: Uint8Array; readonly payload: Payload };

export type BlockCheck = {
  readonly block: Block;
  readonly config: EpochConfig;
  /** View and leader of the proposal that brought the block. */
  readonly proposal: { readonly view: View; readonly leader: ValidatorIndex };
  /** Header that `block.header.parent` names, or undefined when this node lacks it. */
  readonly parent: Header | undefined;
  /** Hash of the genesis: the parent of height 1, whose `parent` is then the genesis header. */
  readonly parentHash: Uint8Array;
  /** Hash that `nextConfig` must have: 32 zero bytes while not fixed; undefined: not known here yet. */
  readonly nextConfig: Uint8Array | undefined;
  /** Result that the header must carry; undefined when not executed that far here. */
  readonly executed: Executed | undefined;
  /** Of payloads, by position, what was computed of these very bytes before; nothing unless given. */
  readonly known?: readonly (KnownPayload | undefined)[];
  /** Clock rules of the first vote; `skip` in sync, replay and re-proposal. */
  readonly clock:
    | 'skip'
    | {
        readonly now: TimestampMs;
        readonly receivedAt: TimestampMs;
        readonly viewTimeoutMs: number;
      };
};

function invalid(code: BlockErrorCode, detail: string): BlockVerdict {
  return { kind: 'invalid', code, detail };
}

/** Place and time of the header: everything that needs no body. */
function checkPlace(check: BlockCheck): BlockVerdict | undefined {
  const { config, proposal, parent, parentHash, clock } = check;
  const { header } = check.block;
  if (header.epoch !== config.epoch) {
    return invalid('wrong_epoch', `given ${header.epoch}, allowed ${config.epoch}`);
  }
  if (header.view !== proposal.view) {
    return invalid('wrong_view', `given ${header.view}, allowed ${proposal.view}`);
  }
  if (header.proposer !== proposal.leader) {
    return invalid('wrong_proposer', `given ${header.proposer}, allowed ${proposal.leader}`);
  }
  if (!equalBytes(header.parent, parentHash)) {
    return invalid('wrong_parent', `given ${toHex(header.parent)}, allowed ${toHex(parentHash)}`);
  }
  if (parent === undefined) return { kind: 'notYet', missing: 'parent' };
  if (header.height !== parent.height + 1) {
    return invalid('wrong_height', `given ${header.height}, allowed ${parent.height + 1}`);
  }
  if (header.timestamp <= parent.timestamp) {
    return invalid(
      'timestamp_not_above_parent',
      `given ${header.timestamp}, allowed above ${parent.timestamp}`,
    );
  }
  if (clock !== 'skip') {
    const oldest = clock.receivedAt - clock.viewTimeoutMs - MAX_CLOCK_AHEAD_MS;
    if (header.timestamp < oldest) {
      return invalid('timestamp_too_old', `given ${header.timestamp}, allowed from ${oldest}`);
    }
    if (header.timestamp > clock.now + MAX_CLOCK_AHEAD_MS)
      return { kind: 'notYet', missing: 'clock' };
  }
  return undefined;
}

/** What the header carries of configs and executed results. */
function checkCarried(check: BlockCheck): BlockVerdict | undefined {
  const { header } = check.block;
  if (!equalBytes(header.config, epochConfigHash(check.config))) {
    return invalid('wrong_config', `given ${toHex(header.config)}`);
  }
  const carried = carriedHeight(header.height);
  if (header.executed.height !== carried) {
    return invalid('wrong_executed_height', `given ${header.executed.height}, allowed ${carried}`);
  }
  if (check.nextConfig === undefined) return { kind: 'notYet', missing: 'next_config' };
  if (!equalBytes(header.nextConfig, check.nextConfig)) {
    return invalid(
      'wrong_next_config',
      `given ${toHex(header.nextConfig)}, allowed ${toHex(check.nextConfig)}`,
    );
  }
  if (check.executed === undefined) return { kind: 'notYet', missing: 'executed' };
  assert(check.executed.height === carried, 'the expected result is that of the carried height');
  const { stateRoot, receiptsRoot } = check.executed;
  if (
    !equalBytes(header.executed.stateRoot, stateRoot) ||
    !equalBytes(header.executed.receiptsRoot, receiptsRoot)
  ) {
    return invalid(
      'wrong_executed_roots',
      `at ${carried}: given ${toHex(header.executed.stateRoot)}, allowed ${toHex(stateRoot)}`,
    );
  }
  return undefined;
}

/** Whether an offer's signature can be verified: ed25519 alone, which programs sign with. */
function isOfferForm(
  { scheme, publicKey }: { readonly scheme: number; readonly publicKey: Uint8Array },
  signature: Uint8Array | undefined,
): boolean {
  return scheme === SCHEME.ed25519 && publicKey.length === 32 && signature?.length === 64;
}

/** The keys that actions of a transaction bring, each with a signature of its own, and what for. */
function newKeysIn({ actions }: TransactionBody): { key: NewKey; purpose: KeyPurpose }[] {
  return actions.filter(isSecurityAction).flatMap((action) => {
    const purpose = action.selector === SECURITY_ACTION.recover ? 'recovery' : 'change';
    return newKeysOf(action).map((key) => ({ key, purpose }) as const);
  });
}

/** The block trades of a transaction: each brings an offer with a signature of its own. */
function blockTradesOf({ actions }: TransactionBody): BlockTrade[] {
  const trades: BlockTrade[] = [];
  for (const action of actions) {
    if (action.selector === ACTION.blockTrade) trades.push(action.value);
  }
  return trades;
}

function checkPayload(
  payload: Payload,
  config: EpochConfig,
  voters: Set<number>,
): BlockVerdict | undefined {
  if (payload.selector === PAYLOAD.oracleVote) {
    const { validator, epoch } = payload.value.vote;
    if (epoch !== config.epoch || validator >= config.validators.length || voters.has(validator)) {
      return invalid('bad_oracle_validator', `validator ${validator} of epoch ${epoch}`);
    }
    voters.add(validator);
    return undefined;
  }
  const { body, signatures } = payload.value;
  if (signatures.length !== body.signers.length) {
    return invalid(
      'bad_signer_count',
      `given ${signatures.length} signatures, allowed ${body.signers.length}`,
    );
  }
  for (const [index, signer] of body.signers.entries()) {
    const isShown = signer.scheme !== SCHEME.secp256k1 || isTypable(body);
    if (!isSchemeForm(signer, signatures[index]) || !isShown) {
      return invalid('unsupported_scheme', `signer ${index}: scheme ${signer.scheme}`);
    }
  }
  for (const { key } of newKeysIn(body)) {
    if (!isSchemeForm(key, key.proof)) {
      return invalid('unsupported_scheme', `new key: scheme ${key.scheme}`);
    }
  }
  for (const { offer, signature } of blockTradesOf(body)) {
    if (!isOfferForm(offer.signer, signature)) {
      return invalid('unsupported_scheme', `offer of nonce ${offer.nonce}`);
    }
  }
  return undefined;
}

/** Bodies: root, bounds, strict decoding, no payload twice. Returns the decoded payloads. */
function checkBody(check: BlockCheck): BlockVerdict {
  const { block, config, known = [] } = check;
  const { limits } = config;
  const ids = block.payloads.map((bytes, index) => known[index]?.wireId ?? wireId(bytes));
  if (!equalBytes(transactionsRoot(ids), block.header.transactionsRoot)) {
    return invalid('wrong_transactions_root', `given ${toHex(block.header.transactionsRoot)}`);
  }
  if (ids.length > limits.maxPayloads) {
    return invalid('too_many_payloads', `given ${ids.length}, allowed ${limits.maxPayloads}`);
  }
  const size = block.payloads.reduce((sum, payload) => sum + payload.length, 0);
  if (size > limits.maxBytes) {
    return invalid('too_many_bytes', `given ${size}, allowed ${limits.maxBytes}`);
  }
  const seen = new Set<string>();
  const voters = new Set<number>();
  const payloads: Payload[] = [];
  let weight = 0;
  for (const [index, bytes] of block.payloads.entries()) {
    const decoded = known[index]?.payload;
    const payload = decoded === undefined ? PayloadCodec.decode(bytes) : ok(decoded);
    if (!payload.ok) {
      return invalid('malformed_payload', `payload ${index}: ${payload.error.detail}`);
    }
    const id = toHex(ids[index] ?? bytes);
    if (seen.has(id)) return invalid('duplicate_payload', `payload ${index}: ${id}`);
    seen.add(id);
    const problem = checkPayload(payload.value, config, voters);
    if (problem !== undefined) return problem;
    weight += payloadWeight(payload.value);
    payloads.push(payload.value);
  }
  if (weight > limits.maxWeight) {
    return invalid('too_heavy', `given ${weight}, allowed ${limits.maxWeight}`);
  }
  return { kind: 'valid', payloads };
}

/**
 * Judges a block. Precedence: `BLOCK_ERRORS`, with `notYet` where its fact is missing.
 * Cost: decodes and hashes what is not `known`; signatures are not checked here.
 */
export function checkBlock(check: BlockCheck): BlockVerdict {
  return checkPlace(check) ?? checkCarried(check) ?? checkBody(check);
}

/** One signature to verify. */
export type SignatureCheck = SchemeCheck;

/**
 * The signatures of a payload, in order, its own and then those of offers it takes; undefined when it cannot have valid ones (signatures that
 * do not match the signers, a scheme that is not enabled, a validator that is not in the epoch).
 * `transactionDigest`: `transactionId` of the payload where it was computed before.
 */
export function signatureChecks(
  payload: Payload,
  chainId: Uint8Array,
  config: EpochConfig,
  transactionDigest?: Uint8Array,
): readonly SignatureCheck[] | undefined {
  if (checkPayload(payload, config, new Set()) !== undefined) return undefined;
  if (payload.selector === PAYLOAD.oracleVote) {
    const { vote, signature } = payload.value;
    const validator = config.validators[vote.validator];
    return validator === undefined
      ? undefined
      : [{ publicKey: validator.oracleKey, digest: oracleVoteDigest(chainId, vote), signature }];
  }
  const { body, signatures } = payload.value;
  const digest = transactionDigest ?? transactionId(chainId, body);
  const checks: SignatureCheck[] = signatures.map((signature, index) =>
    signerCheck(chainId, body, digest, index, signature),
  );
  for (const { offer, signature } of blockTradesOf(body)) {
    const { publicKey } = offer.signer;
    checks.push({ publicKey, digest: blockOfferDigest(chainId, offer), signature });
  }
  for (const { key, purpose } of newKeysIn(body)) {
    const proved = keyProofDigest(chainId, body.account, key, purpose);
    checks.push(newKeyCheck(chainId, body.account, key, proved));
  }
  for (const action of body.actions) {
    if (isStakingAction(action)) checks.push(...stakingChecks(chainId, body.account, action));
  }
  return checks;
}
