/**
 * The way of a payload into the mempool: strict decode, known or not, signatures (in batches, off
 * this thread), the executor's judgement, the mempool's bounds.
 *
 * Payloads that arrive while batches are under way form the next one, so the cost of the two
 * crossings is shared and nothing is awaited one by one. Bounded: at most `MAX_WAITING` wait.
 */
import { toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import { errorEntry, runtimeErrorCode } from '../../runtime/error.ts';
import { MAX_TRANSACTION_BYTES } from '../../runtime/limits.ts';
import { PAYLOAD, type Payload, SCHEME } from '../../runtime/transaction.ts';
import { type SignatureCheck, signatureChecks } from '../../runtime/validity.ts';
import type { SubmitError, SubmitErrorCode, Submitted } from '../api.ts';
import type { RecentSet } from '../crypto/recent-set.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Executor } from '../executor/executor.ts';
import type { Clock } from '../ports.ts';
import { type Entry, entryOf, knownDigest } from './entry.ts';
import type { Mempool } from './mempool.ts';

export type Admission = {
  /** Takes one payload; the answer comes when it is in the mempool or refused. */
  submit(bytes: Uint8Array): Promise<Result<Submitted, SubmitError>>;
  /** Takes payloads of gossip; nobody waits for the answer. Known ones cost a hash. */
  offer(entry: Entry): void;
  /** A payload on its way, by `idKey` of its wire id: its bytes are good for a block that names it. */
  find(key: string): Entry | undefined;
  /** Payloads that wait. */
  readonly waiting: number;
};

export type AdmissionOptions = {
  readonly chainId: Uint8Array;
  readonly mempool: Mempool;
  readonly verifier: Verifier;
  readonly executor: Pick<Executor, 'judge'>;
  readonly clock: Clock;
  /** Wire ids whose signatures are known to be good. */
  readonly verified: RecentSet;
  /** Config by which a payload's signatures are checked; undefined when it cannot be known. */
  readonly configOf: (payload: Payload) => EpochConfig | undefined;
  /** A payload is in the mempool. `own`: it was submitted here, so others do not have it. */
  readonly onAdded: (entry: Entry, origin: 'own' | 'gossip') => void;
  readonly onRefused: (code: SubmitErrorCode) => void;
};

/** Payloads that wait for a batch: at 20 kB/ms of checks a second of work. */
const MAX_WAITING = 16_384;
/** Payloads of one batch: 25 ms of signatures. */
const MAX_BATCH = 512;
/** One batch is judged while the signatures of the next are checked. */
const MAX_BATCHES = 2;

const ED25519_BYTES = 64;

function refusal(
  code: SubmitErrorCode,
  facts: { field: string; given?: string | number; allowed?: string | number; number?: number },
): SubmitError {
  const { field, given = '', allowed = '', number = 0 } = facts;
  return { code, field, given: `${given}`, allowed: `${allowed}`, number };
}

type Item = {
  readonly entry: Entry;
  readonly checks: readonly SignatureCheck[];
  readonly origin: 'own' | 'gossip';
  readonly settle: (result: Result<Submitted, SubmitError>) => void;
};

/** Which signature failed: of a signer, or one that an action brings; with what was computed and tried. */
function failedSignature(
  { entry, checks }: Pick<Item, 'entry' | 'checks'>,
  failing: number,
): { field: string; given: string; allowed: string } {
  const { payload, transactionId } = entry;
  const isTransaction = payload.selector === PAYLOAD.transaction;
  const signers = isTransaction ? payload.value.body.signers.length : checks.length;
  const check = checks[failing];
  const field =
    failing < signers ? `signatures[${failing}]` : `signatures of actions[${failing - signers}]`;
  const allowed = 'a signature of its signer';
  if (check === undefined) return { field, given: '', allowed };
  const { scheme = SCHEME.ed25519, publicKey, digest } = check;
  const key = `${Object.keys(SCHEME)[scheme] ?? scheme} key ${toHex(publicKey)}`;
  const signed =
    scheme === SCHEME.webauthn ? `challenge ${toHex(transactionId)}` : `digest ${toHex(digest)}`;
  return { field, given: `${signed} by ${key}`, allowed };
}

/** What a payload's signatures are, or why it cannot have good ones. */
function checksOf(
  entry: Entry,
  options: AdmissionOptions,
): Result<readonly SignatureCheck[], SubmitError> {
  const { payload } = entry;
  const config = options.configOf(payload);
  if (!config) {
    return err(
      refusal('refused', { field: 'epoch', given: 'not in force', allowed: 'current or next' }),
    );
  }
  const checks = signatureChecks(payload, options.chainId, config, knownDigest(entry));
  if (checks) return ok(checks);
  if (payload.selector === PAYLOAD.transaction) {
    const { body, signatures } = payload.value;
    if (body.signers.length !== signatures.length) {
      return err(
        refusal('wrong_signature_count', {
          field: 'signatures',
          given: signatures.length,
          allowed: body.signers.length,
        }),
      );
    }
    const short = signatures.findIndex((signature) => signature.length !== ED25519_BYTES);
    if (body.signers.every(({ scheme }) => scheme === SCHEME.ed25519) && short >= 0) {
      const given = `${signatures[short]?.length} bytes`;
      const facts = { field: `signatures[${short}]`, given, allowed: `${ED25519_BYTES} bytes` };
      return err(refusal('bad_signature', facts));
    }
    const { number, field } = errorEntry('unsupported_scheme');
    const allowed = 'ed25519, webauthn, or secp256k1 for at most 8 actions of its owner';
    return err(refusal('refused', { field, given: 'scheme, or its lengths', allowed, number }));
  }
  return err(refusal('refused', { field: 'validator', given: 'unknown', allowed: 'of the epoch' }));
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { chainId, mempool, verifier, executor, clock, verified } = options;
  const waiting: Item[] = [];
  /** Everything that waits or is being checked. */
  const pending = new Map<string, Entry>();
  let underWay = 0;

  const settle = (item: Item, result: Result<Submitted, SubmitError>): void => {
    pending.delete(item.entry.key);
    if (!result.ok) options.onRefused(result.error.code);
    item.settle(result);
  };

  const checkSignatures = async (items: readonly Item[]): Promise<Item[]> => {
    const unknown = items.filter(({ entry }) => !verified.has(entry.key));
    const good = await verifier.verify(
      unknown.flatMap(({ checks }) => checks),
      'admission',
    );
    let next = 0;
    const bad = new Set<Item>();
    for (const item of unknown) {
      const mine = good.slice(next, next + item.checks.length);
      next += item.checks.length;
      const failing = mine.indexOf(false);
      if (failing < 0) {
        verified.add(item.entry.key);
        continue;
      }
      bad.add(item);
      const facts = failedSignature(item, failing);
      settle(item, err(refusal('bad_signature', facts)));
    }
    return items.filter((item) => !bad.has(item));
  };

  const take = (item: Item, number: number): void => {
    const { entry } = item;
    if (number !== 0) {
      const code = runtimeErrorCode(number);
      const known = code && errorEntry(code);
      const facts = { field: known?.field ?? '', given: code ?? '', allowed: known?.text ?? '' };
      settle(item, err(refusal('refused', { ...facts, number })));
      return;
    }
    const added = mempool.add(entry);
    if (!added.ok) {
      settle(item, added);
      return;
    }
    options.onAdded(entry, item.origin);
    settle(item, ok({ transactionId: entry.transactionId, wireId: entry.wireId }));
  };

  const process = async (items: readonly Item[]): Promise<void> => {
    try {
      const checked = await checkSignatures(items);
      const numbers = await executor.judge(checked.map(({ entry }) => entry.bytes));
      for (const [index, item] of checked.entries()) take(item, numbers[index] ?? 0);
    } catch (error) {
      // Executor or verifier is gone, which its owner reports; here nothing more can be taken.
      const detail = error instanceof Error ? error.message : String(error);
      for (const item of items)
        settle(item, err(refusal('not_ready', { field: '', given: detail })));
    }
    underWay -= 1;
    pump();
  };

  const pump = (): void => {
    while (waiting.length > 0 && underWay < MAX_BATCHES) {
      underWay += 1;
      void process(waiting.splice(0, MAX_BATCH));
    }
  };

  let scheduled = false;
  const enqueue = (item: Item): void => {
    waiting.push(item);
    pending.set(item.entry.key, item.entry);
    if (scheduled) return;
    scheduled = true;
    // What arrives in one turn goes in one batch.
    queueMicrotask(() => {
      scheduled = false;
      pump();
    });
  };

  /** The item to wait for, or why there is none. */
  const itemOf = (
    entry: Entry,
    origin: 'own' | 'gossip',
    done: Item['settle'],
  ): Result<Item, SubmitError> => {
    if (mempool.has(entry.key)) {
      return err(refusal('duplicate', { field: 'wireId', given: 'known', allowed: 'new' }));
    }
    const checks = checksOf(entry, options);
    if (!checks.ok) return checks;
    if (waiting.length >= MAX_WAITING) {
      const facts = { field: 'waiting', given: waiting.length + 1, allowed: MAX_WAITING };
      return err(refusal('mempool_full', facts));
    }
    return ok({ entry, checks: checks.value, origin, settle: done });
  };

  return {
    submit(bytes) {
      if (bytes.length > MAX_TRANSACTION_BYTES) {
        const facts = { field: 'bytes', given: bytes.length, allowed: MAX_TRANSACTION_BYTES };
        return Promise.resolve(err(refusal('too_large', facts)));
      }
      const entry = entryOf(bytes, chainId, clock.now());
      if (!entry.ok) {
        const { type, detail } = entry.error;
        const facts = { field: type, given: detail, allowed: 'canonical SSZ of a payload' };
        options.onRefused('malformed_bytes');
        return Promise.resolve(err(refusal('malformed_bytes', facts)));
      }
      return new Promise((resolve) => {
        const item = itemOf(entry.value, 'own', resolve);
        if (item.ok) {
          enqueue(item.value);
          return;
        }
        options.onRefused(item.error.code);
        resolve(item);
      });
    },
    offer(entry) {
      const item = itemOf(entry, 'gossip', () => {});
      if (item.ok) enqueue(item.value);
      else options.onRefused(item.error.code);
    },
    find: (key) => pending.get(key),
    get waiting() {
      return waiting.length;
    },
  };
}
