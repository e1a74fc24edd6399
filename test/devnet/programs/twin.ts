/**
 * A second process with a validator's consensus key and no memory of what was signed: it tells the other
 * validators to skip the views to come, while the first process votes for their blocks. Ends when a node
 * has evidence of that.
 *
 * Arguments: the validator's home, and the address of another node's interface.
 */
import { join } from 'node:path';
import {
  CONSENSUS_MESSAGE,
  ConsensusMessageCodec,
  KIND,
  type Subject,
  voteDigest,
} from '../../../consensus/messages.ts';
import { ed25519Key, verifyEd25519 } from '../../../node/crypto/ed25519.ts';
import { randomSeed, readKeyFile } from '../../../node/keys.ts';
import type { Log } from '../../../node/ports.ts';
import { placeOfKey } from '../../../node/signer/local-signer.ts';
import { createLibp2pNetwork } from '../../../p2p/libp2p-network.ts';
import { bindingDigest, peerKeyOfSeed } from '../../../p2p/peer-identity.ts';
import { fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { epoch, view } from '../../../runtime/core/units.ts';
import { type EpochConfig, EpochConfigCodec } from '../../../runtime/epoch-config.ts';
import { createClient } from '../../../wallet/client/client.ts';

/** Views ahead of the running one: a vote must be there before the view's own votes. */
const AHEAD = 3;
const ROUND_MS = 150;
const VIEWS_PER_EPOCH = 2 ** 32;

const [home = '', url = ''] = process.argv.slice(2);
const key = ed25519Key(readKeyFile(join(home, 'keys', 'consensus.key')));
const client = createClient({ url });
const chainId = fromHex((await client.call('get_status', {})).chain_id) ?? new Uint8Array(32);
const quiet: Log = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => quiet,
};
const peerSeed = randomSeed();
const network = createLibp2pNetwork({
  chainId,
  peerSeed,
  binding: {
    consensusKey: key.publicKey,
    signature: key.sign(bindingDigest(chainId, peerKeyOfSeed(peerSeed))),
  },
  listen: [],
  bootstrap: [],
  verifyEd25519,
  nodeVersion: process.versions.node,
  log: quiet,
});
await network.start({
  onConsensus() {},
  onGossip: () => 'ignore',
  onRequest: async () => ({ ok: false, error: 'no' }),
  onPeerConnected() {},
  onPeerDisconnected() {},
});

let config: EpochConfig | undefined;

/** Follows the epochs; signs nullify votes of the next views with the validator's place. */
async function round(): Promise<void> {
  const status = await client.call('get_status', {});
  if (config?.epoch !== status.epoch) {
    const [found] = await client.call('get_epoch_proofs', { from: status.epoch, count: 1 });
    const decoded = EpochConfigCodec.decode(fromHex(found?.config ?? '') ?? new Uint8Array(0));
    if (!decoded.ok) return;
    config = decoded.value;
    network.setValidators([config]);
  }
  const signer = placeOfKey(config, key.publicKey);
  if (signer === undefined) return;
  for (let ahead = 1; ahead <= AHEAD; ahead++) {
    const at = view(status.view + ahead);
    const subject: Subject = {
      selector: KIND.nullify,
      value: { epoch: epoch(status.epoch), view: at },
    };
    const value = { subject, signer, signature: key.sign(voteDigest(chainId, subject)) };
    const bytes = ConsensusMessageCodec.encode({ selector: CONSENSUS_MESSAGE.vote, value });
    network.broadcastConsensus({ bytes, view: status.epoch * VIEWS_PER_EPOCH + at });
  }
}

for (;;) {
  await round();
  const evidence = await client.call('get_evidence', {});
  if (evidence.some((one) => one.public_key === toHex(key.publicKey))) break;
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
}
await network.stop(1_000);
process.exit(0);
