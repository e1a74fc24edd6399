/**
 * What `devnet up` shows while it runs: one block of lines redrawn in place on a terminal, one plain
 * line every few seconds elsewhere.
 */

/** What is known of the network at one moment. */
export type NetworkStatus = {
  readonly height: number;
  readonly epoch: number;
  /** Median time from submission to final, ms, of a recent probe; undefined before the first. */
  readonly finalityMs: number | undefined;
  readonly ordersPerSecond: number;
  readonly tradesPerSecond: number;
  /** By validator: peers connected, or undefined when it does not answer. */
  readonly peers: readonly (number | undefined)[];
  readonly index: Readonly<Record<string, number | null>>;
  /** Newest first. */
  readonly lastTrades: readonly string[];
  readonly nextExpiryMs: number | undefined;
  /** Newest first. */
  readonly lastSettlements: readonly string[];
  readonly atMs: number;
};

const SHOWN_TRADES = 5;
const SHOWN_SETTLEMENTS = 2;

function money(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

function countdown(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function summary(status: NetworkStatus): string {
  const { height, epoch, finalityMs, ordersPerSecond, tradesPerSecond, peers } = status;
  const finality = finalityMs === undefined ? '–' : `${Math.round(finalityMs)} ms`;
  const up = peers.filter((count) => count !== undefined).length;
  const peerText = peers.map((count) => count ?? 'down').join('/');
  return (
    `height ${height}  epoch ${epoch}  finality ${finality}  ` +
    `orders/s ${ordersPerSecond.toFixed(1)}  trades/s ${tradesPerSecond.toFixed(1)}  ` +
    `validators ${up}/${peers.length}  peers ${peerText}`
  );
}

function market(status: NetworkStatus): string {
  const prices = Object.entries(status.index).map(
    ([name, price]) => `${name} ${price === null ? '–' : money(price)}`,
  );
  const next =
    status.nextExpiryMs === undefined
      ? ''
      : `  next expiry in ${countdown(status.nextExpiryMs - status.atMs)}`;
  return `${prices.join('  ')}${next}`;
}

/** The lines of the live block. */
export function statusLines(status: NetworkStatus): string[] {
  const trades = status.lastTrades.slice(0, SHOWN_TRADES);
  const settlements = status.lastSettlements.slice(0, SHOWN_SETTLEMENTS);
  return [
    summary(status),
    market(status),
    ...(trades.length > 0 ? ['last trades', ...trades.map((trade) => `  ${trade}`)] : []),
    ...(settlements.length > 0 ? ['last settlements', ...settlements.map((s) => `  ${s}`)] : []),
  ];
}

/** One line for a log. */
export function statusLine(status: NetworkStatus): string {
  const trade = status.lastTrades[0];
  const settled = status.lastSettlements[0];
  return [
    summary(status),
    market(status),
    ...(trade ? [`last trade ${trade}`] : []),
    ...(settled ? [`settled ${settled}`] : []),
  ].join('  |  ');
}

export interface Display {
  /** Shows the newest status. */
  show(status: NetworkStatus): void;
  /** Prints a line that stays. */
  note(line: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

export type Output = {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
};

const ESCAPE = '\u001b[';
/** Between lines where nothing is redrawn. */
const PLAIN_INTERVAL_MS = 5_000;

/** A display for `output`: in place on a terminal, line by line elsewhere. */
export function createDisplay(output: Output): Display {
  if (output.isTTY !== true) {
    let shownAt = Number.NEGATIVE_INFINITY;
    return {
      show: (status) => {
        if (status.atMs - shownAt < PLAIN_INTERVAL_MS) return;
        shownAt = status.atMs;
        output.write(`${statusLine(status)}\n`);
      },
      note: (line) => output.write(`${line}\n`),
      close: () => {},
    };
  }
  let drawn: string[] = [];
  const erase = (): void => {
    // Up to the first line of the block, then clear to the end of the screen.
    if (drawn.length > 0) output.write(`${ESCAPE}${drawn.length}F${ESCAPE}0J`);
  };
  const draw = (): void => {
    if (drawn.length > 0) output.write(`${drawn.join('\n')}\n`);
  };
  return {
    show: (status) => {
      erase();
      // A line that wraps would break the count of lines.
      const width = Math.max(20, (output.columns || 80) - 1);
      drawn = statusLines(status).map((line) => line.slice(0, width));
      draw();
    },
    note: (line) => {
      erase();
      output.write(`${line}\n`);
      draw();
    },
    close: () => {
      drawn = [];
    },
  };
}
