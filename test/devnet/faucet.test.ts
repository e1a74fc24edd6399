import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Trader } from '../../devnet/bots/trader.ts';
import { createRateLimit, startFaucet } from '../../devnet/faucet.ts';
import { createEventLog } from '../../feeder/event-log.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { address } from '../../runtime/core/units.ts';

const alice = formatAddress(address('11'.repeat(20)));
const sent: Action[][] = [];
let refuse = false;
const trader: Trader = {
  address: '00'.repeat(20),
  send: async (actions) => {
    sent.push([...actions]);
    return { outcome: refuse ? 'invalid' : 'applied', results: [] };
  },
};
let server: Server;
let url = '';

beforeEach(async () => {
  sent.length = 0;
  refuse = false;
  server = await startFaucet({ port: 0, trader, log: createEventLog('faucet', () => {}) });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const post = async (body: string) => {
  const response = await fetch(url, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('faucet', () => {
  test('sends 10,000 USD and 100 MIL to the address', async () => {
    const answer = await post(JSON.stringify({ address: alice }));
    expect(answer).toEqual({ status: 200, body: { address: alice, usd: '10000', mil: '100' } });
    const [actions = []] = sent;
    expect(
      actions.map((action) => (action.selector === ACTION.transfer ? action.value.amount : 0n)),
    ).toEqual([10_000_000_000n, 100_000_000n]);
  });

  test('serves an address once a minute', async () => {
    await post(JSON.stringify({ address: alice }));
    const answer = await post(JSON.stringify({ address: alice }));
    expect(answer.status).toBe(429);
    expect(answer.body).toMatchObject({ error: { code: 'address_rate_exceeded' } });
    expect(sent).toHaveLength(1);
  });

  test.each([
    ['not JSON', '{', 400, 'malformed_request'],
    ['no address', '{}', 400, 'malformed_request'],
    ['a wrong checksum', JSON.stringify({ address: `${alice.slice(0, -1)}q` }), 400, 'bad_address'],
    ['a long body', JSON.stringify({ address: 'x'.repeat(2_000) }), 400, 'malformed_request'],
  ])('refuses %s', async (_, body, status, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error: { code } });
    expect(sent).toHaveLength(0);
  });

  test('says when the chain did not take the transfer', async () => {
    refuse = true;
    const answer = await post(JSON.stringify({ address: alice }));
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ error: { code: 'not_sent', given: 'invalid' } });
  });

  test('serves thirty addresses a minute in all, and more later', () => {
    const limit = createRateLimit();
    for (let i = 0; i < 30; i++) expect(limit(`a${i}`, 1_000)).toBeUndefined();
    expect(limit('b', 2_000)?.code).toBe('rate_exceeded');
    expect(limit('b', 61_001)).toBeUndefined();
  });
});
