/** What a node keeps for its RPC clients: nothing of the market unless asked, and a bounded past. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createAsk } from '../../node/rpc/ask.ts';
import { localBackend } from '../../node/rpc/backend.ts';
import { DEFAULT_RPC_CONFIG, type RpcConfig } from '../../node/rpc/config.ts';
import { createFeed, type Feed } from '../../node/rpc/feed.ts';
import { HANDLERS } from '../../node/rpc/methods/handlers.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { type FakeNode, fakeNode } from './fake-node.ts';
import { openMarket, type TestMarket } from './market.ts';

let node: FakeNode;
let market: TestMarket;
beforeEach(() => {
  node = fakeNode();
  market = openMarket(node.state);
});

function contextOf(changes: Partial<RpcConfig> = {}) {
  const config = { ...DEFAULT_RPC_CONFIG, ...changes };
  const backend = localBackend(node.api);
  const ask = createAsk(backend, config.maxPendingQueries);
  const feed: Feed = createFeed(backend, ask, config, (problem) => {
    throw problem;
  });
  const chainId = () => Promise.resolve(node.state.chainId);
  return { backend, ask, feed, config, chainId, now: () => 0 };
}

const expirations = (context: ReturnType<typeof contextOf>) =>
  HANDLERS['public/get_expirations']({}, context, undefined);

describe('the feed', () => {
  test('tells expirations without keeping the market, and the same with it', async () => {
    const context = contextOf();
    const alone = await expirations(context);
    expect(Object.values(alone).flat()).toHaveLength(1);
    expect(node.listeners.size).toBe(0);
    await context.feed.market();
    expect(node.listeners.size).toBe(1);
    expect(await expirations(context)).toEqual(alone);
  });

  test('remembers blocks up to a number of changes, and always the last', async () => {
    const { feed } = contextOf({ backlogChanges: 3 });
    await feed.market();
    const place = (count: number) =>
      node.finalize(Array.from({ length: count }, (_, i) => market.open(SIDE.buy, 900 + i, 1)));
    const [first, second] = [place(1).height, place(2).height];
    expect(feed.since(first - 1, 'market')?.map(({ height }) => height)).toEqual([first, second]);
    const third = place(1).height;
    expect(feed.since(first - 1, 'market')).toBeUndefined();
    expect(feed.since(first, 'market')?.map(({ height }) => height)).toEqual([second, third]);
    const fourth = place(9).height;
    expect(feed.since(second, 'market')).toBeUndefined();
    expect(feed.since(third, 'market')?.map(({ height }) => height)).toEqual([fourth]);
  });
});
