/** Metrics and the operators' HTTP server, over a real socket on loopback. */
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { committeeOf, leader } from '../../consensus/committee.ts';
import { createInlineVerifier } from '../../node/crypto/verifier.ts';
import { type HttpServer, startHttpServer } from '../../node/http-server.ts';
import { meterVerifier } from '../../node/metrics/meter-verifier.ts';
import { countSkippedViews } from '../../node/metrics/skipped-views.ts';
import {
  COUNTERS,
  type CounterName,
  createPrometheusMetrics,
  GAUGES,
  HISTOGRAMS,
  type Metrics,
  noMetrics,
  type PrometheusMetrics,
} from '../../node/metrics.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { epoch, view } from '../../runtime/core/units.ts';
import { testEpochConfig } from '../fixtures/state.ts';

let metrics: PrometheusMetrics;
let server: HttpServer;
let reasons: string[];

beforeEach(async () => {
  metrics = createPrometheusMetrics();
  reasons = [];
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    registry: metrics.registry,
    notReady: () => reasons,
  });
});

afterEach(async () => {
  await server.close();
  metrics.registry.clear();
});

/** Status, body and type of a GET. */
async function get(path: string): Promise<{ status: number; body: string; type: string | null }> {
  const response = await fetch(server.url + path);
  return {
    status: response.status,
    body: await response.text(),
    type: response.headers.get('content-type'),
  };
}

describe('/metrics', () => {
  it('shows what was written, under its name and label', async () => {
    metrics.set('height', 42);
    metrics.count('votes_signed', 3, 'notarize');
    metrics.count('votes_signed', 1, 'finalize');
    metrics.count('blocks_final');
    metrics.observe('journal_sync_ms', 3);
    const { status, body, type } = await get('/metrics');
    expect(status).toBe(200);
    expect(type).toContain('text/plain');
    expect(body).toContain('\nmiletus_height 42\n');
    expect(body).toContain('\nmiletus_votes_signed_total{kind="notarize"} 3\n');
    expect(body).toContain('\nmiletus_votes_signed_total{kind="finalize"} 1\n');
    expect(body).toContain('\nmiletus_blocks_final_total 1\n');
    expect(body).toContain('\nmiletus_journal_sync_ms_bucket{le="2"} 0\n');
    expect(body).toContain('\nmiletus_journal_sync_ms_bucket{le="4"} 1\n');
    expect(body).toContain(`node="${process.versions.node}"`);
    expect(body).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it('has a help text and a unit-free or known suffix for every instrument', async () => {
    const { body } = await get('/metrics');
    const names = [
      ...Object.keys(GAUGES),
      ...Object.keys(COUNTERS).map((name) => `${name}_total`),
      ...Object.keys(HISTOGRAMS),
    ];
    for (const name of names) {
      expect(body).toMatch(new RegExp(`^# HELP miletus_${name} \\S.+$`, 'm'));
    }
    for (const name of Object.keys(HISTOGRAMS)) expect(name).toMatch(/_ms$/);
  });

  it('collects at the scrape what is only read then', async () => {
    let scrapes = 0;
    metrics.onScrape(() => metrics.set('peers', ++scrapes));
    expect((await get('/metrics')).body).toContain('\nmiletus_peers 1\n');
    expect((await get('/metrics')).body).toContain('\nmiletus_peers 2\n');
  });
});

describe('health', () => {
  it('is live while the event loop turns', async () => {
    const { status, body } = await get('/livez');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ live: true });
  });

  it('is ready when nothing stands against it, else says what does', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    reasons = ['syncing: height 3 of 90', 'no peers'];
    const { status, body } = await get('/readyz?verbose');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({ ready: false, reasons });
  });
});

describe('what else comes in', () => {
  it('is refused: other paths, methods, oversized headers, rubbish', async () => {
    expect((await get('/')).status).toBe(404);
    expect((await get('/metrics/')).status).toBe(404);
    const post = await fetch(`${server.url}/metrics`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
    const large = await fetch(`${server.url}/livez`, {
      headers: { 'x-large': 'x'.repeat(10_000) },
    });
    expect(large.status).toBe(431);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.write('\u0000\u0001 rubbish\r\n\r\n');
      });
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect((await get('/livez')).status).toBe(200);
  });

  it('answers HEAD without a body', async () => {
    const response = await fetch(`${server.url}/livez`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});

describe('lifetime', () => {
  it('says when the port is taken', async () => {
    const port = Number(new URL(server.url).port);
    const second = startHttpServer({
      host: '127.0.0.1',
      port,
      registry: metrics.registry,
      notReady: () => [],
    });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes with connections open, and frees the port', async () => {
    const port = Number(new URL(server.url).port);
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await server.close();
    await closed;
    server = await startHttpServer({
      host: '127.0.0.1',
      port,
      registry: metrics.registry,
      notReady: () => [],
    });
    expect((await get('/livez')).status).toBe(200);
  });
});

it('noMetrics takes everything', () => {
  for (const name of Object.keys(COUNTERS)) noMetrics.count(name as CounterName);
  noMetrics.set('height', 1);
  noMetrics.observe('execution_ms', 1);
});

/** Metrics as lines, in order. */
function recorded(): { metrics: Metrics; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    metrics: {
      set: (name, value) => lines.push(`${name} = ${value}`),
      count: (name, amount = 1, label = '') => lines.push(`${name} ${label} + ${amount}`),
      observe: () => undefined,
    },
  };
}

it('skipped views are counted for those who led them, and own ones apart', () => {
  const config = testEpochConfig();
  const committee = committeeOf(config);
  const led = [5, 6, 7].map((at) => config.validators[leader(committee, view(at))]);
  const own = toHex(led[1]?.consensusKey ?? new Uint8Array(0));
  const { metrics: sink, lines } = recorded();
  const place = { epoch: epoch(0), view: view(4) };
  const count = (from: typeof place, to: typeof place): void =>
    countSkippedViews(sink, { parent: from, header: to, committee, config, ownKey: own });
  count(place, { ...place, view: view(5) });
  expect(lines).toEqual([]);
  count(place, { ...place, view: view(8) });
  const expected = led.flatMap((validator) => {
    const operator = toHex(validator?.operator ?? new Uint8Array(0));
    const isOwn = toHex(validator?.consensusKey ?? new Uint8Array(0)) === own;
    return [`views_skipped ${operator} + 1`, ...(isOwn ? ['own_slots_missed  + 1'] : [])];
  });
  expect(lines).toEqual(expected);
  lines.length = 0;
  // An epoch begins with view 1, so one that begins with view 3 has skipped two.
  count({ epoch: epoch(0), view: view(90) }, { epoch: epoch(1), view: view(3) });
  expect(lines.filter((line) => line.startsWith('views_skipped')).length).toBe(2);
});

it('a metered verifier counts what it checks, and what waits', async () => {
  const { metrics: sink, lines } = recorded();
  const verifier = meterVerifier(
    createInlineVerifier(() => true),
    sink,
  );
  const one = new Uint8Array(32);
  const check = { publicKey: one, digest: one, signature: new Uint8Array(64) };
  expect(verifier.verifyNow(one, one, one)).toBe(true);
  const both = verifier.verify([check, check], 'admission');
  expect(lines).toEqual(['signatures_verified consensus + 1', 'verifications_waiting = 2']);
  expect(await both).toEqual([true, true]);
  expect(lines.slice(2)).toEqual([
    'signatures_verified admission + 2',
    'verifications_waiting = 0',
  ]);
  const broken = meterVerifier(
    {
      verifyNow: () => true,
      verify: () => Promise.reject(new Error('gone')),
      close: async () => {},
    },
    sink,
  );
  await expect(broken.verify([check], 'proposal')).rejects.toThrow('gone');
  expect(lines.at(-1)).toBe('verifications_waiting = 0');
});
