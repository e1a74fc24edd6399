import { describe, expect, test } from 'vitest';
import { saveWindowUpdates } from '../../p2p/guarded-yamux.ts';

const DATA = 0;
const WINDOW_UPDATE = 1;
const RESET = 8;
type Header = { type: number; flag: number; streamID: number; length: number };

function createMuxer() {
  const sent: Header[] = [];
  const muxer = {
    sendFrame: (header: Header): unknown => {
      sent.push(header);
      return true;
    },
  };
  saveWindowUpdates(muxer);
  return { sent, muxer };
}

describe('window updates', () => {
  test('are saved up to 64 KiB a stream, and then sent as one', () => {
    const { sent, muxer } = createMuxer();
    const update = (streamID: number, length: number) =>
      muxer.sendFrame({ type: WINDOW_UPDATE, flag: 0, streamID, length });
    for (let i = 0; i < 65; i++) update(1, 1_000);
    update(3, 65_535);
    expect(sent).toEqual([]);
    update(1, 1_000);
    expect(sent).toEqual([{ type: WINDOW_UPDATE, flag: 0, streamID: 1, length: 66_000 }]);
    // A burst that alone is worth telling is told at once.
    update(5, 200_000);
    expect(sent.at(-1)).toEqual({ type: WINDOW_UPDATE, flag: 0, streamID: 5, length: 200_000 });
  });

  test('let everything else pass, and are forgotten with their stream', () => {
    const { sent, muxer } = createMuxer();
    const open = { type: WINDOW_UPDATE, flag: 1, streamID: 1, length: 0 };
    const data = { type: DATA, flag: 0, streamID: 1, length: 10 };
    const reset = { type: WINDOW_UPDATE, flag: RESET, streamID: 1, length: 0 };
    muxer.sendFrame(open);
    muxer.sendFrame(data);
    muxer.sendFrame({ type: WINDOW_UPDATE, flag: 0, streamID: 1, length: 60_000 });
    muxer.sendFrame(reset);
    muxer.sendFrame({ type: WINDOW_UPDATE, flag: 0, streamID: 1, length: 60_000 });
    expect(sent).toEqual([open, data, reset]);
  });

  test('are sent early where too many streams are owed one', () => {
    const { sent, muxer } = createMuxer();
    for (let streamID = 1; streamID <= 257; streamID++) {
      muxer.sendFrame({ type: WINDOW_UPDATE, flag: 0, streamID, length: 5 });
    }
    expect(sent).toEqual([{ type: WINDOW_UPDATE, flag: 0, streamID: 1, length: 5 }]);
  });
});
