/** Methods on what can be proved of a settlement, and on how the oracle does. */
import { toHex } from '../../../runtime/core/bytes.ts';
import { type TimestampMs, timestampMs } from '../../../runtime/core/units.ts';
import { totalWeight } from '../../../runtime/epoch-config.ts';
import { CARRIED_ROOT_INTERVAL } from '../../../runtime/limits.ts';
import type { ConductCounts } from '../../../runtime/oracle/conduct-row.ts';
import { FULL_CONFIDENCE_BPS } from '../../../runtime/oracle/vote.ts';
import { stateProofCodec } from '../../../runtime/state/proof.ts';
import { expiryKey } from '../../../runtime/state/state.ts';
import { type OracleAnswer, QUESTION } from '../../query/format.ts';
import type { Handlers } from '../context.ts';
import { addressText, underlyingOf } from '../lookup.ts';
import { moneyText } from '../present-money.ts';
import type {
  ConductInfo,
  OracleStatus,
  UnderlyingStatusInfo,
  VoterInfo,
} from '../schemas/settlement.ts';

/** 10⁻⁶ of volatility in a point. */
const MICRO_PER_POINT = 10_000;

function voters(answer: OracleAnswer): VoterInfo[] {
  const info = (counts: ConductCounts | undefined): ConductInfo | null =>
    counts === undefined || counts.slots === 0 ? null : { ...counts };
  return answer.config.validators.map((validator, index) => {
    const voter = answer.voters[index];
    const lastVoteAt = voter?.lastVoteAt ?? 0;
    const conduct = voter?.conduct[0];
    return {
      index,
      operator: addressText(validator.operator),
      oracle_key: toHex(validator.oracleKey),
      weight: validator.weight.toString(),
      last_vote_at: lastVoteAt === 0 ? null : lastVoteAt,
      fresh: answer.timestamp - lastVoteAt <= answer.oracleStaleMs,
      current: info(conduct?.current),
      previous: info(conduct?.previous),
    };
  });
}

function statusOf(
  ageMs: number | null,
  ages: Pick<OracleAnswer, 'oracleStaleMs' | 'oracleReduceOnlyMs'>,
): UnderlyingStatusInfo['status'] {
  if (ageMs === null || ageMs > ages.oracleStaleMs) return 'stale';
  return ageMs > ages.oracleReduceOnlyMs ? 'aging' : 'fresh';
}

function underlyingStatus(
  answer: OracleAnswer,
  { id, name }: { readonly id: number; readonly name: string },
): UnderlyingStatusInfo {
  const row = answer.indexPrices.find(({ underlying }) => underlying === id);
  const ageMs = row === undefined ? null : Math.max(0, answer.timestamp - row.updatedAt);
  const offsets = new Map<TimestampMs, number>();
  for (const one of answer.offsets) if (one.underlying === id) offsets.set(one.expiry, one.offset);
  return {
    currency: name,
    index_price: row === undefined ? null : moneyText(BigInt(row.index)),
    confidence: (row?.confidenceBps ?? 0) / FULL_CONFIDENCE_BPS,
    updated_at: row?.updatedAt ?? null,
    age_ms: ageMs,
    status: statusOf(ageMs, answer),
    slices: answer.slices
      .filter(({ underlying }) => underlying === id)
      .map(({ expiry, forward, theta, u, l, updatedAt }) => ({
        expiry,
        forward: moneyText(BigInt(forward)),
        theta: theta / 1e12,
        u: u / 1e9,
        l: l / 1e9,
        updated_at: updatedAt,
        offset: (offsets.get(expiry) ?? 0) / MICRO_PER_POINT,
      })),
  };
}

export const settlementMethods: Handlers<
  'public/get_settlement_proof' | 'public/get_oracle_status'
> = {
  async 'public/get_settlement_proof'({ currency, expiry }, { feed, ask }) {
    const { id, name } = underlyingOf(await feed.market(), 'currency', currency);
    const at = timestampMs(Math.min(expiry, expiryKey.low(Number.MAX_SAFE_INTEGER)));
    const answer = await ask({
      selector: QUESTION.settlement,
      value: { underlying: id, expiry: at },
    });
    return {
      currency: name,
      underlying: id,
      expiry: at,
      height: answer.height,
      carried_at: answer.height + CARRIED_ROOT_INTERVAL,
      state_root: toHex(answer.stateRoot),
      rows: answer.rows.map(({ tableId, key, value, proof }) => ({
        table_id: tableId,
        key: toHex(key),
        value: value[0] === undefined ? null : toHex(value[0]),
        proof: toHex(stateProofCodec.encode(proof)),
      })),
    };
  },

  async 'public/get_oracle_status'(_params, { feed, ask }): Promise<OracleStatus> {
    const mirror = await feed.market();
    const answer = await ask({ selector: QUESTION.oracle, value: { unused: 0 } });
    const validators = voters(answer);
    const fresh = validators.reduce(
      (sum, { fresh: isFresh, weight }) => (isFresh ? sum + BigInt(weight) : sum),
      0n,
    );
    const total = totalWeight(answer.config);
    return {
      height: answer.height,
      timestamp: answer.timestamp,
      epoch: answer.config.epoch,
      fresh_weight: fresh.toString(),
      total_weight: total.toString(),
      quorum_weight: ((2n * total + 2n) / 3n).toString(),
      validators,
      underlyings: [...mirror.underlyings.values()]
        .sort((a, b) => a.id - b.id)
        .map((underlying) => underlyingStatus(answer, underlyingNamed(underlying))),
    };
  },
};

function underlyingNamed({ id, name }: { id: number; name: Uint8Array }): {
  id: number;
  name: string;
} {
  return { id, name: new TextDecoder().decode(name) };
}
