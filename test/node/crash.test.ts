/**
 * Nodes that lose power at random instants: what was final stays final, no validator signs twice,
 * and all end up with one chain.
 */
import { expect, test } from 'vitest';
import { votesOf } from '../../consensus/certificate.ts';
import { faultOf } from '../../consensus/evidence.ts';
import { ConsensusMessageCodec, type Vote } from '../../consensus/messages.ts';
import { voteOfMessage } from '../../node/driver/incoming.ts';
import { FinalizedBlockCodec } from '../../p2p/messages.ts';
import { blockHash } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { height } from '../../runtime/core/units.ts';
import { createCluster, type Member, until } from './cluster.ts';
import { createMachine, type Life } from './crash-disk.ts';

/** mulberry32: the seed is printed by a failing test's name. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every vote that left a node, and whether two of one signer contradict each other. */
function createWitness(): { see: (bytes: Uint8Array) => void; faults: string[] } {
  const votes = new Map<string, Vote[]>();
  const faults: string[] = [];
  const note = (vote: Vote): void => {
    const { epoch, view } = vote.subject.value;
    const key = `${epoch}/${view}/${vote.signer}`;
    const known = votes.get(key) ?? [];
    for (const other of known) {
      const fault = faultOf(other.subject, vote.subject);
      if (fault) faults.push(`${fault} by ${vote.signer} in epoch ${epoch} view ${view}`);
    }
    votes.set(key, [...known, vote]);
  };
  return {
    see(bytes) {
      const message = ConsensusMessageCodec.decode(bytes);
      if (!message.ok) throw new Error('malformed message');
      const vote = voteOfMessage(message.value);
      if (vote) note(vote);
      else if ('signers' in message.value.value) votesOf(message.value.value).forEach(note);
    },
    faults,
  };
}

test.each([1, 2])('seed %i: crashes lose nothing final and nobody signs twice', async (seed) => {
  const next = random(seed);
  const witness = createWitness();
  const cluster = createCluster({ validators: 4, onSent: witness.see });
  const machines = [0, 1, 2, 3].map(() => createMachine(next));
  const lives: Life[] = [];
  const members: Member[] = [];
  const boot = async (index: number): Promise<void> => {
    const life = machines[index]?.begin();
    if (!life) throw new Error(`no machine ${index}`);
    lives[index] = life;
    members[index] = await cluster.start(index, { life });
  };
  /** Final blocks that any node told of, in any life. */
  const final = new Map<number, string>();
  const noteFinal = ({ notices }: Member): void => {
    for (const { height: at, hash } of notices) {
      const known = final.get(at);
      if (known !== undefined) expect(toHex(hash), `block ${at}`).toBe(known);
      final.set(at, toHex(hash));
    }
  };
  try {
    for (const index of machines.keys()) await boot(index);
    let nonce = Date.now();
    const feed = setInterval(() => {
      for (const { node } of members) void node.api.submit(cluster.transfer(nonce++));
    }, 15);
    try {
      for (let round = 0; round < 6; round++) {
        const victims = round === 5 ? [0, 1, 2, 3] : [Math.floor(next() * 4)];
        await new Promise((resolve) => setTimeout(resolve, 100 + next() * 500));
        for (const index of victims) {
          lives[index]?.kill();
          cluster.hub.kill(`node-${index}`);
          const dead = members[index];
          if (dead) noteFinal(dead);
        }
        const told = victims.map((index) => members[index]?.notices.at(-1)?.height ?? 0);
        for (const index of victims) await boot(index);
        for (const [place, index] of victims.entries()) {
          const { finalizedHeight } = (members[index] as Member).node.api.status();
          expect(finalizedHeight).toBeGreaterThanOrEqual(told[place] ?? 0);
        }
      }
      const target = Math.max(20, ...final.keys()) + 10;
      await until(
        'all are beyond every block that was final before a crash',
        () => members.every(({ node }) => node.api.status().executedHeight >= target),
        members,
      );
    } finally {
      clearInterval(feed);
    }
    for (const member of members) {
      noteFinal(member);
      for (const [at, hash] of final) {
        if (at > member.node.api.status().finalizedHeight) continue;
        expect(toHex((await blockHashAt(member, at)) ?? new Uint8Array(0)), `${at}`).toBe(hash);
      }
    }
    expect(witness.faults).toEqual([]);
    expect(members.flatMap(({ halts }) => halts)).toEqual([]);
    expect(final.size).toBeGreaterThan(20);
  } finally {
    for (const life of lives) life.kill();
    cluster.remove();
  }
});

async function blockHashAt({ node }: Member, at: number): Promise<Uint8Array | undefined> {
  const bytes = await node.api.block(height(at));
  const decoded = bytes && FinalizedBlockCodec.decode(bytes);
  return decoded?.ok ? blockHash(decoded.value.block.header) : undefined;
}
