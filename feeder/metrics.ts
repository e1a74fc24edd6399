/** Every metric of a feeder, in its own registry. Names on the wire begin with `miletus_feeder_`. */
import { Counter, Gauge, Registry } from 'prom-client';

export type FeederMetrics = {
  readonly registry: Registry;
  readonly quotes: Counter<'source'>;
  readonly faults: Counter<'source'>;
  readonly reconnections: Counter<'source'>;
  readonly sourceOpen: Gauge<'source'>;
  readonly sourceAgeMs: Gauge<'source' | 'underlying'>;
  readonly index: Gauge<'underlying'>;
  readonly confidence: Gauge<'underlying'>;
  readonly expiries: Gauge<'underlying'>;
  readonly fitErrorPoints: Gauge<'underlying'>;
  readonly votesCast: Counter;
  readonly votesFailed: Counter;
  readonly votesRefused: Counter<'node'>;
  readonly abstentions: Counter<'underlying'>;
  readonly voteMs: Gauge;
};

export function createFeederMetrics(): FeederMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string = string>(name: string, help: string, labels: L[] = []) =>
    new Counter<L>({ name: `miletus_feeder_${name}`, help, labelNames: labels, registers });
  const gauge = <L extends string = string>(name: string, help: string, labels: L[] = []) =>
    new Gauge<L>({ name: `miletus_feeder_${name}`, help, labelNames: labels, registers });
  return {
    registry,
    quotes: counter('quotes_total', 'Quotes read', ['source']),
    faults: counter('faults_total', 'Messages that could not be used', ['source']),
    reconnections: counter('reconnections_total', 'Connections lost', ['source']),
    sourceOpen: gauge('source_open', '1 while a source is connected', ['source']),
    sourceAgeMs: gauge('source_age_ms', 'Age of the last price', ['source', 'underlying']),
    index: gauge('index_usd', 'Index voted', ['underlying']),
    confidence: gauge('confidence', 'Confidence voted, 0 to 1', ['underlying']),
    expiries: gauge('expiries', 'Expiries voted', ['underlying']),
    fitErrorPoints: gauge(
      'fit_error_points',
      'Largest error of a fitted expiry, volatility points',
      ['underlying'],
    ),
    votesCast: counter('votes_cast_total', 'Votes that a node took'),
    votesFailed: counter('votes_failed_total', 'Votes that no node took'),
    votesRefused: counter('votes_refused_total', 'Votes that a node refused', ['node']),
    abstentions: counter('abstentions_total', 'Votes without an underlying', ['underlying']),
    voteMs: gauge('vote_ms', 'From the time of observation to the last answer'),
  };
}
