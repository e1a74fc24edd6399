import { describe, expect, test } from 'vitest';
import { createDisplay, type NetworkStatus } from '../../devnet/live-status.ts';

const status: NetworkStatus = {
  height: 120,
  epoch: 3,
  finalityMs: 41.6,
  ordersPerSecond: 12.25,
  tradesPerSecond: 0.5,
  peers: [3, 3, undefined, 3],
  index: { BTC: 64_141.5, ETH: null },
  lastTrades: ['buy 0.1 BTC-21NOV26-0830-64100-C at 52'],
  nextExpiryMs: 95_000,
  lastSettlements: [],
  atMs: 20_000,
};

/** What a terminal shows after `text`: understands new lines, "up n lines" and "clear below". */
function screenOf(text: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  // A stand-in for the escape character, which a pattern may not hold.
  for (const part of text.replaceAll('\u001b[', '§').split(/(§\d+[FJ]|\n)/)) {
    const command = /^§(\d+)([FJ])$/.exec(part);
    if (part === '\n') {
      row++;
      lines[row] ??= '';
    } else if (command?.[2] === 'F') row -= Number(command[1]);
    else if (command?.[2] === 'J') lines.splice(row, lines.length, '');
    else lines[row] = (lines[row] ?? '') + part;
  }
  return lines.filter((line) => line !== '');
}

describe('live status', () => {
  test('is redrawn in place on a terminal; notes stay above it', () => {
    let text = '';
    const display = createDisplay({ isTTY: true, columns: 200, write: (s: string) => (text += s) });
    display.show(status);
    display.note('validator-2 died');
    display.show({ ...status, height: 121 });
    const screen = screenOf(text);
    expect(screen[0]).toBe('validator-2 died');
    expect(screen[1]).toContain('height 121  epoch 3  finality 42 ms');
    expect(screen[1]).toContain('validators 3/4  peers 3/3/down/3');
    expect(screen[2]).toContain('BTC 64,141.5  ETH –  next expiry in 1:15');
    expect(screen.filter((line) => line.includes('height'))).toHaveLength(1);
  });

  test('is one line every five seconds elsewhere', () => {
    const lines: string[] = [];
    const display = createDisplay({ write: (line: string) => lines.push(line) });
    for (const atMs of [20_000, 22_000, 24_999, 25_000]) display.show({ ...status, atMs });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('last trade buy 0.1 BTC');
    expect(lines.join('')).not.toContain('\u001b');
  });
});
