import { describe, expect, test } from 'vitest';
import { MAX_SCORED_PEERS } from '../../p2p/limits.ts';
import {
  BAN_MS,
  isRefused,
  penalise,
  SCORE_HALF_LIFE_MS,
  type Scores,
  scoreOf,
} from '../../p2p/scores.ts';

describe('scores', () => {
  test('warn once below −20, ban at −100, forgive by half in ten minutes', () => {
    const scores: Scores = new Map();
    expect(penalise(scores, 'p', 10, 0)).toBe('noted');
    expect(penalise(scores, 'p', 10, 0)).toBe('warn');
    expect(penalise(scores, 'p', 20, 0)).toBe('noted');
    expect(scoreOf(scores, 'p', 0)).toBe(-40);
    expect(scoreOf(scores, 'p', SCORE_HALF_LIFE_MS)).toBe(-20);
    expect(penalise(scores, 'p', 79, SCORE_HALF_LIFE_MS)).toBe('noted');
    expect(isRefused(scores, 'p', SCORE_HALF_LIFE_MS)).toBe(false);
    expect(penalise(scores, 'p', 1, SCORE_HALF_LIFE_MS)).toBe('ban');
  });

  test('a ban lasts ten minutes and leaves a clean score', () => {
    const scores: Scores = new Map();
    expect(penalise(scores, 'p', 100, 5)).toBe('ban');
    expect(isRefused(scores, 'p', 5 + BAN_MS - 1)).toBe(true);
    expect(isRefused(scores, 'p', 5 + BAN_MS)).toBe(false);
    expect(scoreOf(scores, 'p', 5 + BAN_MS)).toBe(0);
    expect(isRefused(scores, 'other', 5)).toBe(false);
  });

  test('new peers push out the mildest, never a ban', () => {
    const scores: Scores = new Map();
    penalise(scores, 'banned', 100, 0);
    penalise(scores, 'bad', 50, 0);
    for (let i = 0; i < 2 * MAX_SCORED_PEERS; i++) penalise(scores, `p${i}`, 1, i);
    expect(scores.size).toBe(MAX_SCORED_PEERS);
    expect(isRefused(scores, 'banned', 1)).toBe(true);
    expect(scoreOf(scores, 'bad', 0)).toBe(-50);
  });
});
