/**
 * The voter's work: collects the bodies of a proposed block, judges it, checks the signatures that
 * were not checked before, syncs it, and only then says `valid`.
 *
 * Source: design/chain.md §2, "Validity at the vote" and "Availability". After `notYet` the job
 * waits here and is judged again when what was missing may have come, until its view is over.
 */

import { leader } from '../../consensus/committee.ts';
import type { Effect } from '../../consensus/effect.ts';
import type { Verdict } from '../../consensus/input.ts';
import type { Network } from '../../p2p/network.ts';
import { type Block, BlockCodec, transactionsRoot } from '../../runtime/block.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import { MAX_CLOCK_AHEAD_MS } from '../../runtime/limits.ts';
import type { Payload } from '../../runtime/transaction.ts';
import { checkBlock, type Missing, signatureChecks } from '../../runtime/validity.ts';
import type { RecentSet } from '../crypto/recent-set.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Entry } from '../mempool/entry.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, TimerHandle } from '../ports.ts';
import { idKey } from '../storage/keys.ts';
import { type Bodies, peersOfValidators } from './bodies.ts';
import {
  type Chain,
  type ChainBlock,
  carriedNextConfig,
  carriedResult,
  chainBlock,
  isLastOfEpoch,
  loadBlock,
} from './chain.ts';
import type { EngineRunner } from './engine-runner.ts';

type VerifyEffect = Extract<Effect, { kind: 'verifyBlock' }>;

export type BlockVerifier = {
  verify(runner: EngineRunner, effect: VerifyEffect): void;
  /** The engine entered a view: jobs of earlier ones are dropped. */
  enterView(runner: EngineRunner, view: number): void;
  /** Something that a job may wait for has changed. */
  wake(): void;
  /** The block of a job that is under way, once its bodies are here, if it has this hash. */
  underWay(hash: Uint8Array): Promise<ChainBlock | undefined> | undefined;
};

export type BlockVerifierOptions = {
  readonly chain: Chain;
  readonly bodies: Bodies;
  /** A payload that is here, checked or not, by `idKey` of its wire id. */
  readonly payload: (key: string) => Entry | undefined;
  readonly verifier: Verifier;
  /** Wire ids whose signatures are known to be good. */
  readonly verified: RecentSet;
  readonly network: Pick<Network, 'peers'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onFailure: (error: unknown) => void;
};

type Job = {
  readonly runner: EngineRunner;
  readonly effect: VerifyEffect;
  /** The block with its bodies. */
  collected: Promise<{ readonly block: Block; readonly held: ChainBlock } | undefined>;
  waitsFor: Missing | undefined;
  timer: TimerHandle | undefined;
  isOver: boolean;
  isJudging: boolean;
};

export function createBlockVerifier(options: BlockVerifierOptions): BlockVerifier {
  const { chain, bodies, verifier, verified, clock, metrics } = options;
  const jobs = new Set<Job>();

  const answer = (job: Job, verdict: Verdict): void => {
    const { runner, effect } = job;
    metrics.count('proposals_judged', 1, verdict.kind);
    if (verdict.kind !== 'notYet') {
      end(job);
      metrics.observe('verify_block_ms', clock.now() - effect.receivedAt);
    }
    runner.input({
      kind: 'verdict',
      view: effect.view,
      payload: effect.proposal.payload,
      verdict,
    });
  };

  const end = (job: Job): void => {
    job.isOver = true;
    job.timer?.cancel();
    jobs.delete(job);
  };

  const collect = async (
    runner: EngineRunner,
    { proposal, block }: VerifyEffect,
    wanted: () => boolean,
  ): Promise<{ block: Block; held: ChainBlock } | undefined> => {
    const { header, wireIds } = block;
    const first = peersOfValidators(options.network, runner.config, [header.proposer]);
    const payloads = await bodies.collect({ hash: proposal.payload, wireIds, first, wanted });
    if (!payloads) return undefined;
    const whole: Block = { header, payloads };
    return {
      block: whole,
      held: chainBlock(whole, proposal.payload, BlockCodec.encode(whole), wireIds),
    };
  };

  /** Whether every signature of the block is good; those seen before are not checked again. */
  const areSigned = async (
    job: Job,
    held: ChainBlock,
    payloads: readonly Payload[],
  ): Promise<boolean> => {
    const unknown = payloads.flatMap((payload, index) => {
      const id = held.ids[index] ?? '';
      return verified.has(id) ? [] : [{ id, payload }];
    });
    const checks = unknown.map(({ payload }) =>
      signatureChecks(payload, chain.chainId, job.runner.config),
    );
    if (checks.includes(undefined)) return false;
    const good = await verifier.verify(
      checks.flatMap((one) => one ?? []),
      'proposal',
    );
    if (good.includes(false)) return false;
    for (const { id } of unknown) verified.add(id);
    return true;
  };

  const judge = async (job: Job): Promise<void> => {
    const { runner, effect } = job;
    const collected = await job.collected;
    const parent = await loadBlock(chain, effect.parent.payload);
    if (job.isOver || !collected) return;
    const { block, held } = collected;
    const { header } = block;
    const verdict = checkBlock({
      block,
      config: runner.config,
      proposal: { view: effect.view, leader: leader(runner.state.committee, effect.view) },
      parent: parent?.header,
      parentHash: effect.parent.payload,
      nextConfig: carriedNextConfig(chain, runner.epoch, header.height),
      executed: carriedResult(chain, header.height),
      known: held.ids.map(options.payload),
      clock: {
        now: clock.now(),
        receivedAt: effect.receivedAt,
        viewTimeoutMs: effect.leaderTimeoutMs,
      },
    });
    switch (verdict.kind) {
      case 'invalid':
        answer(job, { kind: 'invalid', reason: `${verdict.code}: ${verdict.detail}` });
        return;
      case 'notYet':
        wait(job, verdict.missing, header.timestamp);
        return;
      case 'valid':
        break;
    }
    if (!(await areSigned(job, held, verdict.payloads))) {
      if (!job.isOver) answer(job, { kind: 'invalid', reason: 'bad_signature' });
      return;
    }
    // Synced even when the view is over by now: a quorum may have notarized it.
    await hold(held);
    if (!job.isOver) answer(job, { kind: 'valid', epochLast: isLastOfEpoch(chain, header) });
  };

  const hold = async (held: ChainBlock): Promise<void> => {
    if (chain.blocks.has(held.key) || !held.bytes) return;
    const began = clock.now();
    await chain.store.putBody(held.hash, held.bytes);
    metrics.observe('body_sync_ms', clock.now() - began);
    chain.blocks.set(held.key, held);
  };

  const wait = (job: Job, missing: Missing, timestamp: number): void => {
    job.waitsFor = missing;
    answer(job, { kind: 'notYet', reason: missing });
    if (missing === 'clock') {
      const delayMs = Math.max(1, timestamp - MAX_CLOCK_AHEAD_MS - clock.now());
      job.timer = clock.setTimer(delayMs, () => start(job));
    }
  };

  const start = (job: Job): void => {
    if (job.isJudging || job.isOver) return;
    job.isJudging = true;
    job.waitsFor = undefined;
    judge(job).then(
      () => {
        job.isJudging = false;
      },
      (error: unknown) => {
        end(job);
        options.onFailure(error);
      },
    );
  };

  return {
    verify(runner, effect) {
      const { block } = effect;
      const { limits } = runner.config;
      const job: Job = {
        runner,
        effect,
        collected: Promise.resolve(undefined),
        waitsFor: undefined,
        timer: undefined,
        isOver: false,
        isJudging: false,
      };
      if (block.wireIds.length > limits.maxPayloads) {
        answer(job, { kind: 'invalid', reason: `too_many_payloads: ${block.wireIds.length}` });
        return;
      }
      if (!equalBytes(transactionsRoot(block.wireIds), block.header.transactionsRoot)) {
        answer(job, { kind: 'invalid', reason: 'wrong_transactions_root' });
        return;
      }
      // Asked at once where bodies are missing: the job must exist before.
      job.collected = collect(runner, effect, () => !job.isOver && !runner.stopped);
      // A rejection is seen by `judge`; nobody else need handle it.
      job.collected.catch(() => {});
      jobs.add(job);
      start(job);
    },
    enterView(runner, view) {
      for (const job of [...jobs]) {
        const isOld = job.runner === runner ? job.effect.view < view : job.runner.stopped;
        if (isOld) end(job);
      }
    },
    wake() {
      for (const job of jobs) {
        const { waitsFor, effect } = job;
        const at = effect.block.header.height;
        const isThere =
          waitsFor === 'parent'
            ? chain.blocks.has(idKey(effect.parent.payload))
            : waitsFor === 'executed'
              ? carriedResult(chain, at) !== undefined
              : waitsFor === 'next_config'
                ? carriedNextConfig(chain, job.runner.epoch, at) !== undefined
                : false;
        if (isThere) start(job);
      }
    },
    underWay(hash) {
      for (const job of jobs) {
        if (!equalBytes(job.effect.proposal.payload, hash)) continue;
        return job.collected.then(async (collected) => {
          if (!collected) return undefined;
          await hold(collected.held);
          return collected.held;
        });
      }
      return undefined;
    },
  };
}
