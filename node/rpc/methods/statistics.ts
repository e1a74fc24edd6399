/** Fade per maker and inclusion per proposer. */
import { FinalizedBlockCodec } from '../../../p2p/messages.ts';
import { assert } from '../../../runtime/core/result.ts';
import { height as heightOf } from '../../../runtime/core/units.ts';
import { QUESTION } from '../../query/format.ts';
import type { RpcBackend } from '../backend.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { addressText, underlyingOf } from '../lookup.ts';
import { nameOf } from '../mirror/market.ts';
import { amountOf } from '../present.ts';
import { DEFAULT_STATISTICS_BLOCKS, MAX_STATISTICS_BLOCKS } from '../schemas/statistics.ts';
import { fadeTotals } from '../statistics/fade.ts';
import {
  type InclusionSummary,
  inclusionSummary,
  inclusionTotals,
} from '../statistics/inclusion.ts';

/** Most makers of one answer. */
const MAX_MAKERS = 1_000;

/** Summaries of final blocks, which never change: the newest `MAX_STATISTICS_BLOCKS` asked for. */
const summariesOf = new WeakMap<RpcBackend, Map<number, InclusionSummary>>();

async function summaryAt(
  { backend }: RpcContext,
  height: number,
): Promise<InclusionSummary | undefined> {
  const known = summariesOf.get(backend) ?? new Map<number, InclusionSummary>();
  summariesOf.set(backend, known);
  const found = known.get(height);
  if (found !== undefined) return found;
  const bytes = await backend.block(heightOf(height));
  if (bytes === undefined) return undefined;
  const final = FinalizedBlockCodec.decode(bytes);
  assert(final.ok, 'the node keeps blocks in the format of this release');
  const summary = inclusionSummary(final.value.block);
  known.set(height, summary);
  const oldest = known.keys().next().value;
  if (known.size > MAX_STATISTICS_BLOCKS && oldest !== undefined) known.delete(oldest);
  return summary;
}

export const statisticsMethods: Handlers<'get_maker_statistics' | 'get_proposer_statistics'> = {
  async get_maker_statistics({ currency }, { feed, ask }) {
    const { mirror, tally } = await feed.fade();
    const wanted =
      currency === undefined ? undefined : underlyingOf(mirror, 'currency', currency).id;
    const counts = fadeTotals(tally, mirror.timestamp)
      .filter(({ underlying }) => wanted === undefined || underlying === wanted)
      .slice(0, MAX_MAKERS);
    const accounts = [...new Set(counts.map(({ account }) => account))];
    const answer = await ask({ selector: QUESTION.addresses, value: { accounts } });
    const addresses = new Map(answer.addresses.map((row) => [row.account, row.address]));
    return {
      height: mirror.height,
      since_height: tally.sinceHeight,
      makers: counts.flatMap(({ account, underlying: id, touchedLots, fadedLots }) => {
        const underlying = mirror.underlyings.get(id);
        const raw = addresses.get(account);
        if (underlying === undefined || raw === undefined) return [];
        return {
          account: addressText(raw),
          currency: nameOf(underlying),
          touched: amountOf(touchedLots, underlying),
          touched_lots: touchedLots,
          faded: amountOf(fadedLots, underlying),
          faded_lots: fadedLots,
          fade: fadedLots / touchedLots,
        };
      }),
    };
  },

  async get_proposer_statistics({ blocks = DEFAULT_STATISTICS_BLOCKS }, context) {
    const { finalizedHeight } = await context.backend.status();
    const summaries: InclusionSummary[] = [];
    for (let at = finalizedHeight - blocks + 1; at <= finalizedHeight; at++) {
      const summary = at < 1 ? undefined : await summaryAt(context, at);
      if (summary !== undefined) summaries.push(summary);
    }
    const configs = await context.backend.configs();
    return {
      from_height: summaries[0]?.height ?? 0,
      to_height: summaries.at(-1)?.height ?? 0,
      proposers: inclusionTotals(summaries).map((total) => {
        const config = configs.find(({ epoch }) => epoch === total.epoch);
        const operator = config?.validators[total.proposer]?.operator;
        return {
          epoch: total.epoch,
          proposer: total.proposer,
          operator: operator === undefined ? null : addressText(operator),
          blocks: total.blocks,
          empty_blocks: total.emptyBlocks,
          empty_while_waiting: total.emptyWhileWaiting,
          transactions: total.transactions,
          oracle_votes: total.oracleVotes,
          age_p50_ms: total.ageP50Ms,
          age_p90_ms: total.ageP90Ms,
          unaged: total.unaged,
          taker_pairs: total.takerPairs,
          taker_pairs_inverted: total.takerPairsInverted,
        };
      }),
    };
  },
};
