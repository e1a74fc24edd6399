/** Child of `shutdown.test.ts`: connects two networks, stops them, and has nothing left to do. */
import { addressesOfNode, epochOf, startNode, until } from './support.ts';

const a = await startNode('a');
const b = await startNode('b', { bootstrap: addressesOfNode(a) });
const epoch = epochOf(
  [a, b].map((node) => ({ identity: node.identity, addresses: addressesOfNode(node) })),
);
for (const { network } of [a, b]) network.setValidators([epoch]);
await until('streams open', () =>
  [a, b].every(({ network }) => network.consensusUsage().openStreams === 1),
);
const bytes = new Uint8Array(100_000);
a.network.broadcastConsensus({ bytes, view: 1 });
a.network.publish('payloads', bytes);
await a.network.request(b.identity.peer, 'blocks', bytes, 5_000);
console.log('connected');
await a.network.stop(2_000);
await b.network.stop(2_000);
console.log('stopped');
