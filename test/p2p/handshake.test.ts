import { describe, expect, test } from 'vitest';
import { encodeHandshake, judgeHandshake } from '../../p2p/handshake.ts';
import { HandshakeCodec, PROTOCOL_VERSION } from '../../p2p/messages.ts';
import { bindingDigest } from '../../p2p/peer-identity.ts';
import { bindingOf, CHAIN_ID, identityOf, verifyEd25519 } from './support.ts';

const alice = identityOf('alice');
const bob = identityOf('bob');
const good = {
  chainId: CHAIN_ID,
  protocolVersion: PROTOCOL_VERSION,
  nodeVersion: new TextEncoder().encode('26.10.0'),
  consensusKey: alice.consensusKey,
  binding: bindingOf(alice).signature,
};
const none = new Uint8Array(0);

function judge(handshake: typeof good) {
  return judgeHandshake(HandshakeCodec.encode(handshake), {
    chainId: CHAIN_ID,
    peerKey: alice.peerKey,
    verify: verifyEd25519,
  });
}

describe('handshake', () => {
  test('proves the consensus key, or none', () => {
    expect(judge(good)).toEqual({
      ok: true,
      value: { consensusKey: alice.consensusHex, nodeVersion: '26.10.0' },
    });
    const other = encodeHandshake({ chainId: CHAIN_ID, nodeVersion: 'v', binding: undefined });
    const rules = { chainId: CHAIN_ID, peerKey: alice.peerKey, verify: verifyEd25519 };
    expect(judgeHandshake(other, rules)).toMatchObject({ value: { consensusKey: undefined } });
  });

  const otherChain = new Uint8Array(32).fill(9);
  test.each([
    ['another chain', { chainId: otherChain, protocolVersion: 9 }, 'wrong_chain'],
    [
      'another protocol version',
      { protocolVersion: PROTOCOL_VERSION + 1, binding: none },
      'wrong_protocol_version',
    ],
    ['a key without a binding', { binding: none }, 'malformed'],
    ['a binding without a key', { consensusKey: none }, 'malformed'],
    ['a binding of 63 bytes', { binding: good.binding.subarray(1) }, 'malformed'],
    ['a key of 31 bytes', { consensusKey: good.consensusKey.subarray(1) }, 'malformed'],
    [
      'the binding of another peer',
      { binding: alice.sign(bindingDigest(CHAIN_ID, bob.peerKey)) },
      'bad_binding',
    ],
    [
      'a binding on another chain',
      { binding: alice.sign(bindingDigest(otherChain, alice.peerKey)) },
      'bad_binding',
    ],
    ['a binding by another key', { consensusKey: bob.consensusKey }, 'bad_binding'],
  ])('refuses %s', (_name, change, code) => {
    expect(judge({ ...good, ...change })).toMatchObject({ ok: false, error: { code } });
  });

  test('refuses what is cut anywhere, and what is longer', () => {
    const ssz = HandshakeCodec.encode(good);
    const rules = { chainId: CHAIN_ID, peerKey: alice.peerKey, verify: verifyEd25519 };
    for (let length = 0; length < ssz.length; length++) {
      expect(judgeHandshake(ssz.subarray(0, length), rules).ok, `${length} bytes`).toBe(false);
    }
    expect(judgeHandshake(new Uint8Array([...ssz, 0]), rules).ok).toBe(false);
  });

  test('does not let a peer write control characters into the log', () => {
    const nodeVersion = new Uint8Array([0x1b, 0x5b, 0x41, 0x0a]);
    expect(judge({ ...good, nodeVersion })).toMatchObject({ value: { nodeVersion: '?[A?' } });
  });
});
