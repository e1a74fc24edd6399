/**
 * The feeder of one validator: reads its sources, and at the oracle's rate votes index, forwards and
 * surface of every underlying that it has enough sources for.
 *
 * A source that is dead, stale or wrong costs confidence, not the vote; an underlying with too few
 * sources is left out of the vote, the others are voted. Nothing that a source or a node does ends
 * the process.
 */
import type { Client } from '../wallet/client/client.ts';
import type { KeySigner } from '../wallet/client/sign.ts';
import type { EventLog } from './event-log.ts';
import type { FeederMetrics } from './metrics.ts';
import { type Observation, type ObservationRules, observe } from './observe.ts';
import { createQuoteStore, type QuoteStore } from './quotes.ts';
import type { PriceSource } from './sources/price-source.ts';
import { createSurfaceView, type SurfaceView } from './surface-view.ts';
import { runEvery } from './vote/every.ts';
import { type ExpirySchedule, expiriesToVote } from './vote/expiries.ts';
import { underlyingVote } from './vote/underlying-vote.ts';
import { createVoter, firstAnswer } from './vote/voter.ts';

/** Listed expiries and the numbers of underlyings are read again this often. */
const LISTING_MS = 5_000;
const NO_SCHEDULE: ExpirySchedule = { intervalMs: 24 * 3_600_000, count: -1 };

export type FeederOptions = {
  readonly sources: readonly PriceSource[];
  /** Asked in this order; every vote goes to all. */
  readonly nodes: readonly Client[];
  readonly signer: KeySigner;
  readonly underlyings: readonly string[];
  readonly rules: ObservationRules;
  readonly intervalMs: number;
  /** Between two fits of a surface. */
  readonly surfaceIntervalMs: number;
  /** Of networks that list short expiries of their own. */
  readonly schedule?: ExpirySchedule | undefined;
  readonly log: EventLog;
  readonly metrics: FeederMetrics;
};

/** Writes the quotes of `source` to the store, and what happens to it to log and metrics. */
export function attachSource(
  source: PriceSource,
  to: { readonly store: QuoteStore; readonly log: EventLog; readonly metrics: FeederMetrics },
): void {
  const { store, log, metrics } = to;
  const label = { source: source.name };
  metrics.sourceOpen.set(label, 0);
  source.start({
    quote(quote) {
      metrics.quotes.inc(label);
      store.add(source.name, quote);
    },
    fault(problem) {
      metrics.faults.inc(label);
      log.problem(`a message of ${source.name}`, problem);
    },
    state(state, detail) {
      metrics.sourceOpen.set(label, state === 'open' ? 1 : 0);
      if (state === 'open') {
        log.event('source open', { source: source.name, detail });
        log.recovered(source.name);
      } else {
        metrics.reconnections.inc(label);
        log.problem(source.name, detail.replace(/; next attempt.*/, ''));
      }
    },
  });
}

type Listing = {
  readonly ids: ReadonlyMap<string, number>;
  readonly expiries: ReadonlyMap<string, readonly number[]>;
};

/** What the chain lists, read again at an interval. Rejects when no node answers. */
function createListing(nodes: readonly Client[]): () => Promise<Listing> {
  let known: Listing | undefined;
  let readAtMs = 0;
  return async () => {
    if (known && Date.now() - readAtMs < LISTING_MS) return known;
    const read = await firstAnswer(nodes, async (node) => ({
      currencies: await node.call('public/get_currencies', {}),
      expirations: await node.call('public/get_expirations', {}),
    }));
    const { currencies = [], expirations = {} } = read ?? {};
    readAtMs = Date.now();
    known = {
      ids: new Map(currencies.map((found) => [found.currency, found.underlying_id])),
      expiries: new Map(
        Object.entries(expirations).map(([name, at]) => [name.toUpperCase(), at] as const),
      ),
    };
    return known;
  };
}

/** Starts sources and votes; runs until `stop` is called. */
export function runFeeder(options: FeederOptions): { readonly stop: () => Promise<void> } {
  const { sources, nodes, signer, underlyings, rules, intervalMs, log, metrics } = options;
  const store = createQuoteStore();
  const voter = createVoter({ nodes, signer });
  const listing = createListing(nodes);
  const views = new Map<string, SurfaceView>(
    underlyings.map((name) => [
      name,
      createSurfaceView({
        intervalMs: options.surfaceIntervalMs,
        staleMs: rules.optionStaleMs,
      }),
    ]),
  );
  let isStopped = false;
  let strangerIn: number | undefined;

  /** Metrics and the lines worth a line of one underlying's observation. */
  const report = ({ underlying, index, expiries }: Observation): void => {
    metrics.index.set({ underlying }, index.price);
    metrics.confidence.set({ underlying }, index.confidence);
    metrics.expiries.set({ underlying }, expiries.length);
    const fits = views.get(underlying)?.fits() ?? [];
    metrics.fitErrorPoints.set(
      { underlying },
      Math.max(0, ...fits.map(({ repairedRmsePoints }) => repairedRmsePoints)),
    );
    log.recovered(`index of ${underlying}`);
    const far = index.clamped.map(({ source }) => source).join(', ');
    if (far) log.problem(`agreement on ${underlying}`, `far from the median: ${far}`);
    else log.recovered(`agreement on ${underlying}`);
    if (expiries.length === 0) log.problem(`surface of ${underlying}`, 'no expiry could be fitted');
    else log.recovered(`surface of ${underlying}`);
  };

  const observeOne = (
    underlying: string,
    listed: readonly number[],
    atMs: number,
  ): Observation | undefined => {
    const view = views.get(underlying);
    if (!view) return undefined;
    const fitted = view.fits().map(({ expiryMs }) => expiryMs);
    const schedule = options.schedule ?? NO_SCHEDULE;
    // What is not listed yet comes after what is: the chain leaves it out.
    const expiriesMs = expiriesToVote(listed.length > 0 ? listed : fitted, { ...schedule, atMs });
    const seen = observe(store, view, rules, { underlying, atMs, expiriesMs });
    for (const { source, quote } of store.index(underlying)) {
      metrics.sourceAgeMs.set({ source, underlying }, Math.max(0, atMs - quote.observedAtMs));
    }
    if ('code' in seen) {
      metrics.abstentions.inc({ underlying });
      log.problem(
        `index of ${underlying}`,
        `${seen.fresh} fresh sources; allowed: at least ${seen.needed}`,
      );
      return undefined;
    }
    report(seen);
    return seen;
  };

  const vote = async (atMs: number): Promise<void> => {
    const [answer, listed] = await Promise.all([voter.findPlace(), listing()]);
    if (answer.kind === 'not_a_validator' && strangerIn !== answer.epoch) {
      strangerIn = answer.epoch;
      log.event('not a validator of this epoch', { epoch: answer.epoch });
    }
    const votes = underlyings
      .flatMap((name) => {
        const id = listed.ids.get(name);
        if (id === undefined) {
          log.problem(`underlying ${name}`, 'the chain does not list it');
          return [];
        }
        log.recovered(`underlying ${name}`);
        const seen = observeOne(name, listed.expiries.get(name) ?? [], atMs);
        if (!seen) return [];
        const { price, confidence } = seen.index;
        return [underlyingVote({ id, index: price, confidence, expiries: seen.expiries })];
      })
      .sort((a, b) => a.underlying - b.underlying);
    if (answer.kind !== 'validator' || votes.length === 0 || isStopped) return;
    const seen = { observedAtMs: atMs, underlyings: votes };
    const { refusals } = await voter.cast(answer.place, seen, 2 * intervalMs);
    metrics.votesCast.inc();
    metrics.voteMs.set(Date.now() - atMs);
    const refusing = new Map(refusals.map(({ url, problem }) => [url, problem]));
    for (const { url } of nodes) {
      const problem = refusing.get(url);
      if (problem === undefined) {
        log.recovered(`node ${url}`);
        continue;
      }
      metrics.votesRefused.inc({ node: url });
      log.problem(`node ${url}`, problem);
    }
    log.recovered('voting');
  };

  log.event('starts', {
    sources: sources.map(({ citation }) => citation),
    nodes: nodes.map(({ url }) => url),
    underlyings,
    intervalMs,
  });
  for (const source of sources) attachSource(source, { store, log, metrics });
  const running = runEvery(intervalMs, async (atMs) => {
    try {
      await vote(atMs);
    } catch (cause) {
      if (isStopped) return;
      metrics.votesFailed.inc();
      log.problem('voting', cause);
    }
  });
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all([running.stop(), ...sources.map((source) => source.stop())]);
    },
  };
}
