/**
 * Tendermint's steps on the simulator's wires, to compare with: propose, prevote, precommit, each to
 * everyone; a vote is synced before it leaves and checked where it arrives, on one thread in turn; the
 * next height begins with the commit. No faults, no rounds above 0, no waiting (`timeout_commit` 0).
 *
 * Source: "The latest gossip on BFT consensus" (arXiv 1807.04938), rules L22 to L49 where all goes
 * well. The proposer of a height is the height modulo the validators, which knows the commit itself.
 */
import {
  cityDelays,
  compareWithBound,
  GEO_DEFAULTS,
  type GeoOptions,
  type GeoReport,
} from './geo.ts';
import { createLinks } from './links.ts';
import { createPrng } from './prng.ts';
import { createScheduler } from './scheduler.ts';

type Step = 'propose' | 'prevote' | 'precommit';
type Message = { readonly step: Step; readonly height: number };

const VOTE_BYTES = 130;
const PROPOSAL_BYTES = 450;
const EDGE_HEIGHTS = 2;

/** Runs `views` heights and compares each commit with the same bound as Simplex's finality. */
export function runTendermint(given: Partial<GeoOptions> = {}): GeoReport {
  const options = { ...GEO_DEFAULTS, ...given };
  const { validators, views, verifyUs, syncUs, body } = options;
  const quorum = Math.floor((2 * validators) / 3) + 1;
  const scheduler = createScheduler();
  const links = createLinks({
    scheduler,
    prng: createPrng(options.seed, 'tendermint'),
    quality: {
      delayUs: cityDelays(validators),
      jitterUs: 0,
      loss: 0,
      duplication: 0,
      uplinkBitsPerSecond: options.uplinkBitsPerSecond,
    },
  });
  const proposed = new Map<number, { readonly leader: number; readonly atUs: number }>();
  const finals = new Map<number, { readonly view: number; readonly atUs: number }[]>();
  const nodes = Array.from({ length: validators }, () => ({
    height: 1,
    busyUntilUs: 0,
    /** Votes counted, and messages of heights to come. */
    counts: new Map<string, number>(),
    cast: new Set<string>(),
  }));

  const broadcast = (from: number, message: Message): void => {
    const bytes =
      message.step === 'propose' ? PROPOSAL_BYTES + 32 * (body?.wireIds ?? 0) : VOTE_BYTES;
    for (let to = 0; to < validators; to++) {
      if (to !== from) links.carry({ from, to, bytes }, () => receive(to, message));
    }
    count(from, message);
  };

  /** Votes once a step and height, after a sync. */
  const cast = (node: number, step: Step, height: number, workUs = 0): void => {
    const id = `${step} ${height}`;
    if (nodes[node]?.cast.has(id)) return;
    nodes[node]?.cast.add(id);
    scheduler.after(workUs + syncUs, () => broadcast(node, { step, height }));
  };

  const propose = (node: number, height: number): void => {
    proposed.set(height, { leader: node, atUs: scheduler.nowUs() });
    cast(node, 'propose', height, body?.workUs);
  };

  const commit = (node: number, height: number): void => {
    const state = nodes[node];
    if (!state || state.height !== height) return;
    state.height = height + 1;
    const list = finals.get(node) ?? [];
    list.push({ view: height, atUs: scheduler.nowUs() });
    finals.set(node, list);
    if ((height + 1) % validators === node) propose(node, height + 1);
    for (const step of ['propose', 'prevote', 'precommit'] as const)
      judge(node, { step, height: height + 1 });
  };

  /** What follows from the count of a step, in the node's own height. */
  const judge = (node: number, { step, height }: Message): void => {
    const state = nodes[node];
    const seen = state?.counts.get(`${step} ${height}`) ?? 0;
    if (!state || state.height !== height) return;
    if (step === 'propose' && seen > 0) cast(node, 'prevote', height, body?.workUs);
    if (step === 'prevote' && seen >= quorum) cast(node, 'precommit', height);
    if (step === 'precommit' && seen >= quorum) commit(node, height);
  };

  const count = (node: number, message: Message): void => {
    const id = `${message.step} ${message.height}`;
    nodes[node]?.counts.set(id, (nodes[node]?.counts.get(id) ?? 0) + 1);
    judge(node, message);
  };

  const receive = (to: number, message: Message): void => {
    const state = nodes[to];
    const { step, height } = message;
    // Votes beyond a quorum are not looked at.
    if (!state || height < state.height || (state.counts.get(`${step} ${height}`) ?? 0) >= quorum)
      return;
    state.busyUntilUs = Math.max(state.busyUntilUs, scheduler.nowUs()) + verifyUs;
    scheduler.after(state.busyUntilUs - scheduler.nowUs(), () => count(to, message));
  };

  propose(1 % validators, 1);
  const first = 1 + EDGE_HEIGHTS;
  const last = first + views - 1;
  const heightNow = (): number => nodes[0]?.height ?? 0;
  scheduler.runSync(3_600_000_000, () => heightNow() >= first);
  const beganUs = scheduler.nowUs();
  scheduler.runSync(3_600_000_000, () => heightNow() > last);
  const seconds = (scheduler.nowUs() - beganUs) / 1_000_000;
  scheduler.runSync(3_600_000_000, () => heightNow() > last + EDGE_HEIGHTS);
  const compared = compareWithBound(
    { proposed, finals },
    { validators, nodes: [...nodes.keys()], first, last },
  );
  return { ...compared, blocksPerSecond: views / seconds };
}
