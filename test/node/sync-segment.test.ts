/** Checks of single blocks in a segment, and what block sync remembers of a peer. */
import { describe, expect, it } from 'vitest';
import {
  bestClaim,
  nextChance,
  noteFailure,
  noteStatus,
  noteSuccess,
  type PeerBook,
  pickPeer,
  recordOf,
} from '../../node/sync/peer-book.ts';
import { checkBlockOfSegment, epochCheck, type SyncedBlock } from '../../node/sync/segment.ts';
import type { Header } from '../../runtime/block.ts';
import { ZERO_32 } from '../../runtime/core/bytes.ts';
import { epoch, height, view } from '../../runtime/core/units.ts';
import { finalChain } from './sync-fixture.ts';

const CHAIN = finalChain({ length: 20, epochBlocks: 10 });

describe('a block of a segment', () => {
  const [config] = CHAIN.configs;
  if (!config) throw new Error('an epoch has a config');
  const check = epochCheck(config);
  const below = CHAIN.blockAt(4);
  const parent: SyncedBlock = { ...below, wireIds: [] };
  const { block, bytes } = CHAIN.blockAt(5);
  const codeOf = (header: Partial<Header>, payloads = block.payloads): string => {
    const given = { block: { header: { ...block.header, ...header }, payloads }, bytes };
    const checked = checkBlockOfSegment(given, { at: height(5), check, below: parent });
    return checked.ok ? 'ok' : checked.error.code;
  };

  it('must be of the epoch, height, parent, time, config and body', () => {
    expect(codeOf({})).toBe('ok');
    expect(codeOf({ epoch: epoch(1) })).toBe('wrong_epoch');
    expect(codeOf({ height: height(6) })).toBe('wrong_height');
    expect(codeOf({ parent: ZERO_32 })).toBe('wrong_parent');
    expect(codeOf({ timestamp: below.block.header.timestamp })).toBe('timestamp_not_above_parent');
    expect(codeOf({ config: ZERO_32 })).toBe('wrong_config');
    expect(codeOf({}, [...block.payloads].reverse())).toBe('wrong_transactions_root');
  });

  it('cannot stand above the last block of the epoch', () => {
    const last = CHAIN.blockAt(10);
    const next = CHAIN.blockAt(11);
    const header = { ...next.block.header, epoch: config.epoch };
    const checked = checkBlockOfSegment(
      { block: { ...next.block, header }, bytes: next.bytes },
      { at: height(11), check, below: { ...last, wireIds: [] } },
    );
    expect(!checked.ok && checked.error.code).toBe('wrong_epoch');
  });
});

describe('a peer', () => {
  const book: PeerBook = new Map();
  const peer = recordOf(book, 'a', 0);
  noteStatus(peer, {
    finalizedHeight: height(100),
    epoch: epoch(0),
    view: view(1),
    lowestHeight: height(10),
  });
  const pick = (from: number, now: number): string | undefined =>
    pickPeer(book, { from, now, maxPerPeer: 2, except: new Set() })?.peer;

  it('is asked for what it claims to hold, not for less or more', () => {
    expect([9, 10, 100, 101].map((from) => pick(from, 0))).toEqual([
      undefined,
      'a',
      'a',
      undefined,
    ]);
    expect(bestClaim(book, 0)).toBe(100);
  });

  it('keeps its claim when it refuses, and is left alone for longer each time', () => {
    expect(noteFailure(peer, 'refused', { from: 50, now: 0 })).toBe(0);
    expect([pick(50, 249), pick(50, 250)]).toEqual([undefined, 'a']);
    noteFailure(peer, 'refused', { from: 50, now: 250 });
    expect([pick(50, 749), pick(50, 750)]).toEqual([undefined, 'a']);
    expect(nextChance(book, 50, 250)).toBe(750);
    expect(bestClaim(book, 300)).toBeUndefined();
    noteSuccess(peer);
    expect(bestClaim(book, 300)).toBe(100);
  });

  it('loses the claim that it did not fulfil', () => {
    expect(noteFailure(peer, 'empty', { from: 50, now: 0 })).toBe(10);
    expect([pick(50, 1e6), pick(49, 1e6)]).toEqual([undefined, 'a']);
  });
});
