/** The simulator's ports: what whole nodes rely on when they run in it. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../../node/ports.ts';
import type { NetworkHandlers } from '../../p2p/network.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';
import { err, ok } from '../../runtime/core/result.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { createMachineClock, createSimClock, SIM_EPOCH_MS } from './clock.ts';
import { simEpochConfig } from './cluster.ts';
import { createMedium, type Medium } from './disk.ts';
import { createLife } from './life.ts';
import { createLinks, type Links } from './links.ts';
import { createSimNetworkHub, simPeerId } from './network.ts';
import { createPrng } from './prng.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { simPublicKey, simVerify } from './signature.ts';
import { createSimSigner } from './signer.ts';

const MS = 1_000;
const put = (key: string, value: string) => ({
  type: 'put' as const,
  key: asciiBytes(key),
  value: asciiBytes(value),
});
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && String.fromCharCode(...bytes);

describe('scheduler and clock', () => {
  test('time stands still until every microtask has run', async () => {
    const scheduler = createScheduler();
    const clock = createSimClock({ scheduler, life: createLife() });
    const seen: number[] = [];
    clock.setTimer(10, () => {
      void (async () => {
        for (let i = 0; i < 1_000; i++) await Promise.resolve();
        seen.push(clock.now() - SIM_EPOCH_MS);
        clock.setTimer(5, () => seen.push(clock.now() - SIM_EPOCH_MS));
      })();
    });
    clock.setTimer(11, () => seen.push(clock.now() - SIM_EPOCH_MS));
    await scheduler.run(1_000 * MS);
    expect(seen).toEqual([10, 11, 15]);
  });

  test('events at one time run in the order of scheduling; a cancelled one does not', () => {
    const scheduler = createScheduler();
    const order: number[] = [];
    const cancels = [3, 1, 2].map((n) => scheduler.after(n === 1 ? 0 : 7, () => order.push(n)));
    cancels[2]?.();
    scheduler.runSync(10);
    expect(order).toEqual([1, 3]);
    expect(scheduler.nowUs()).toBe(10);
  });

  test('a dead process’s timers do not fire', () => {
    const scheduler = createScheduler();
    const life = createLife();
    const clock = createSimClock({ scheduler, life });
    let fired = 0;
    clock.setTimer(5, () => fired++);
    life.alive = false;
    scheduler.runSync(10 * MS);
    expect(fired).toBe(0);
  });
});

describe('disk', () => {
  function machine(seed = 1): { scheduler: Scheduler; medium: Medium } {
    const scheduler = createScheduler();
    const medium = createMedium({ scheduler, prng: createPrng(seed), syncUs: 500 });
    return { scheduler, medium };
  }
  const open = async (medium: Medium): Promise<Store> =>
    medium.attach(createLife()).open('journal');

  test('what was synced survives, with all that was written before it', async () => {
    const { scheduler, medium } = machine();
    const store = await open(medium);
    await store.batch([put('a', '1')], 'buffered');
    let synced = false;
    void store.batch([put('b', '2')], 'sync').then(() => {
      synced = true;
    });
    await scheduler.run(499);
    expect(synced).toBe(false);
    await scheduler.run(500);
    expect(synced).toBe(true);
    medium.crash();
    const after = await open(medium);
    expect(textOf(await after.get(asciiBytes('a')))).toBe('1');
    expect(textOf(await after.get(asciiBytes('b')))).toBe('2');
  });

  test('of unsynced writes a prefix survives, of any length', async () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { medium } = machine(seed);
      const store = await open(medium);
      for (const key of ['a', 'b', 'c']) await store.batch([put(key, key)], 'buffered');
      medium.crash();
      const after = await open(medium);
      const found: (string | undefined)[] = [];
      for await (const [key] of after.range({ from: asciiBytes('a'), to: asciiBytes('z') })) {
        found.push(textOf(key));
      }
      expect(found).toEqual(['a', 'b', 'c'].slice(0, found.length));
      kept.add(found.length);
    }
    expect([...kept].sort()).toEqual([0, 1, 2, 3]);
  });

  test('a sync under way at the crash never resolves', async () => {
    const { scheduler, medium } = machine();
    const store = await open(medium);
    let settled = false;
    void store.batch([put('a', '1')], 'sync').finally(() => {
      settled = true;
    });
    medium.crash();
    await scheduler.run(10 * MS);
    expect(settled).toBe(false);
  });

  test('range: from ≤ key < to, in order, reversed, limited; a snapshot stays as it was', async () => {
    const { medium } = machine();
    const store = await open(medium);
    await store.batch([put('c', '3'), put('a', '1'), put('b', '2'), put('d', '4')], 'buffered');
    const snapshot = store.snapshot();
    await store.batch([{ type: 'del', key: asciiBytes('b') }, put('c', '9')], 'buffered');
    const keys = async (options: { limit?: number; reverse?: boolean }): Promise<string> => {
      let text = '';
      const bounds = { from: asciiBytes('a'), to: asciiBytes('d') };
      for await (const [key] of store.range({ ...bounds, ...options })) text += textOf(key);
      return text;
    };
    expect(await keys({})).toBe('ac');
    expect(await keys({ reverse: true, limit: 1 })).toBe('c');
    expect(textOf(await snapshot.get(asciiBytes('b')))).toBe('2');
    expect(textOf(await snapshot.get(asciiBytes('c')))).toBe('3');
  });

  test('a failing disk rejects', async () => {
    const { medium } = machine();
    const store = await open(medium);
    medium.fail('journal');
    await expect(store.batch([put('a', '1')], 'sync')).rejects.toThrow('write failure');
  });
});

describe('worse disks', () => {
  const machine = (): Medium =>
    createMedium({ scheduler: createScheduler(), prng: createPrng(3), syncUs: 500 });

  test('a full disk rejects every write, and takes them again when there is room', async () => {
    const medium = machine();
    const store = await medium.attach(createLife()).open('blocks');
    medium.setFull(true);
    await expect(store.batch([put('a', '1')], 'buffered')).rejects.toThrow('write failure');
    medium.setFull(false);
    await store.batch([put('a', '2')], 'buffered');
    expect(textOf(await store.get(asciiBytes('a')))).toBe('2');
  });

  test('a flipped bit is an error to whoever reads the value', async () => {
    const medium = machine();
    const store = await medium.attach(createLife()).open('state');
    await store.batch([put('a', 'value')], 'buffered');
    expect(medium.flipBit('state')).toBe(false);
    medium.crash('all');
    expect(medium.flipBit('state')).toBe(true);
    const after = await medium.attach(createLife()).open('state');
    await expect(after.get(asciiBytes('a'))).rejects.toThrow('damaged');
  });

  test.each([
    ['none', undefined],
    ['all', '1'],
  ] as const)('a crash may keep %s of what was not synced', async (kept, expected) => {
    const medium = machine();
    const store = await medium.attach(createLife()).open('journal');
    await store.batch([put('a', '1')], 'buffered');
    medium.crash(kept);
    const after = await medium.attach(createLife()).open('journal');
    expect(textOf(await after.get(asciiBytes('a')))).toBe(expected);
  });
});

describe('worse clocks and wires', () => {
  test('a clock is off, drifts and jumps; its timers drift and do not jump', () => {
    const scheduler = createScheduler();
    const machine = createMachineClock({ scheduler, skewMs: 40, driftPpm: 100_000 });
    const clock = createSimClock({ scheduler, life: createLife(), machine });
    expect(clock.now() - SIM_EPOCH_MS).toBe(40);
    let firedUs = 0;
    clock.setTimer(1_100, () => {
      firedUs = scheduler.nowUs();
    });
    machine.jump(-5_000);
    scheduler.runSync(2_000 * MS);
    // It runs 10 % fast: 1,100 of its ms are 1,000; and 2,000 ms are 2,200 of its.
    expect(firedUs).toBe(1_000 * MS);
    expect(clock.now() - SIM_EPOCH_MS).toBe(40 + 2_200 - 5_000);
  });

  test('a one-way cut stops one way, until it ends', () => {
    const scheduler = createScheduler();
    const quality = {
      delayUs: () => 10,
      jitterUs: 0,
      loss: 0,
      duplication: 0,
      uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
    };
    const links = createLinks({ scheduler, prng: createPrng(1), quality });
    const arrived: string[] = [];
    const carryBoth = (): void => {
      links.carry({ from: 0, to: 1, bytes: 1 }, () => arrived.push('there'));
      links.carry({ from: 1, to: 0, bytes: 1 }, () => arrived.push('back'));
      scheduler.runSync(scheduler.nowUs() + MS);
    };
    const end = links.cut([0], [1, 2]);
    carryBoth();
    expect(arrived.splice(0)).toEqual(['back']);
    end();
    carryBoth();
    expect(arrived).toEqual(['there', 'back']);
  });
});

describe('signer', () => {
  test('signs what it may, after the sync, and remembers across a crash', async () => {
    const scheduler = createScheduler();
    const medium = createMedium({ scheduler, prng: createPrng(1), syncUs: 500 });
    const publicKey = simPublicKey(1);
    const chainId = new Uint8Array(32);
    const mark = { epoch: epoch(0), view: view(1) };
    const make = async () => {
      const store = await medium.attach(createLife()).open('journal');
      return createSimSigner({ publicKey, chainId, store, mark });
    };
    const nullify = { selector: 1 as const, value: { epoch: epoch(0), view: view(1) } };
    const { voteDigest } = await import('../../consensus/messages.ts');
    let signature: Uint8Array | undefined;
    const place = { signer: validatorIndex(0), key: publicKey };
    void (await make()).sign(nullify, place).then((signed) => {
      if (signed.ok) signature = signed.value;
    });
    await scheduler.run(499);
    expect(signature).toBeUndefined();
    await scheduler.run(500);
    expect(signature && simVerify(publicKey, voteDigest(chainId, nullify), signature)).toBe(true);
    medium.crash();
    const proposal = { ...nullify.value, parentView: view(0), payload: new Uint8Array(32) };
    const refused = await (await make()).sign({ selector: 2, value: proposal }, place);
    expect(!refused.ok && refused.error.code).toBe('conflicting_vote');
  });
});

describe('network', () => {
  function two(): {
    scheduler: Scheduler;
    links: Links;
    log: string[];
    hub: ReturnType<typeof createSimNetworkHub>;
  } {
    const scheduler = createScheduler();
    const links = createLinks({
      scheduler,
      prng: createPrng(1),
      quality: {
        delayUs: () => 10 * MS,
        jitterUs: 0,
        loss: 0,
        duplication: 0,
        uplinkBitsPerSecond: 8_000_000,
      },
    });
    return { scheduler, links, log: [], hub: createSimNetworkHub({ scheduler, links }) };
  }
  function handlers(name: string, log: string[], scheduler: Scheduler): NetworkHandlers {
    const note = (what: string): void => void log.push(`${scheduler.nowUs()} ${name} ${what}`);
    return {
      onConsensus: (_key, bytes, peer) => note(`consensus ${textOf(bytes)} from ${peer}`),
      onGossip: (topic, bytes) => {
        note(`${topic} ${textOf(bytes)}`);
        return 'accept';
      },
      onRequest: (_method, bytes) =>
        Promise.resolve(textOf(bytes) === 'no' ? err('refused') : ok(asciiBytes('answer'))),
      onPeerConnected: (peer) => note(`connected ${peer.peer}`),
      onPeerDisconnected: (peer) => note(`disconnected ${peer}`),
    };
  }

  test('delay and bandwidth, gossip, requests, partition, crash', async () => {
    const { scheduler, links, log, hub } = two();
    const pacing = {
      minBlockIntervalMs: 1,
      idleBlockMs: 1,
      deltaMs: 1,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 10,
    };
    const config = simEpochConfig(epoch(0), [1n, 1n], pacing);
    const lives = [createLife(), createLife()];
    const [a, b] = lives.map((life, index) => {
      const network = hub.attach({ index, consensusKey: simPublicKey(index), life });
      network.setValidators([config]);
      void network.start(handlers(`n${index}`, log, scheduler));
      return network;
    });
    if (!a || !b) throw new Error('two networks');
    expect(log.splice(0)).toEqual(['0 n0 connected sim-peer-1', '0 n1 connected sim-peer-0']);

    // 1 byte at 8 Mbit/s takes 1 µs to leave, and what follows waits for it.
    a.broadcastConsensus({ bytes: asciiBytes('x'), view: 1 });
    a.publish('blocks', asciiBytes('yy'));
    await scheduler.run(20 * MS);
    expect(log.splice(0)).toEqual(['10001 n1 consensus x from sim-peer-0', '10003 n1 blocks yy']);

    const answers: unknown[] = [];
    for (const text of ['yes', 'no']) {
      void a
        .request(simPeerId(1), 'status', asciiBytes(text), 100)
        .then((one) => answers.push(one));
    }
    await scheduler.run(60 * MS);
    expect(answers.splice(0)).toEqual([
      { ok: true, value: asciiBytes('answer') },
      { ok: false, error: { code: 'refused', detail: 'refused' } },
    ]);

    links.partition([[0], [1]]);
    a.broadcastConsensus({ bytes: asciiBytes('lost'), view: 1 });
    void a.request(simPeerId(1), 'status', asciiBytes('yes'), 100).then((one) => answers.push(one));
    await scheduler.run(200 * MS);
    expect(log.splice(0)).toEqual([]);
    expect(answers.splice(0)).toMatchObject([{ ok: false, error: { code: 'timeout' } }]);

    links.heal();
    const [, life] = lives;
    if (life) life.alive = false;
    hub.crashed(1);
    b.publish('blocks', asciiBytes('from the dead'));
    await scheduler.run(300 * MS);
    expect(log.splice(0)).toEqual(['200000 n0 disconnected sim-peer-1']);
    expect(a.peers()).toEqual([]);
  });

  test('loss and duplication happen about as often as asked', () => {
    const scheduler = createScheduler();
    const quality = {
      delayUs: () => 10,
      jitterUs: 5,
      loss: 0.25,
      duplication: 0.1,
      uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
    };
    const links = createLinks({ scheduler, prng: createPrng(5), quality });
    let arrived = 0;
    for (let i = 0; i < 10_000; i++) links.carry({ from: 0, to: 1, bytes: 1 }, () => arrived++);
    scheduler.runSync(MS);
    // 10,000 × 1.1 × 0.75 = 8,250, standard deviation about 55.
    expect(Math.abs(arrived - 8_250)).toBeLessThan(300);
  });
});
