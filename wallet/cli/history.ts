/** `miletus history`: what this wallet sent and what came of it; or what the chain holds of an account. */
import type { Argv } from 'yargs';
import type { Client } from '../client/client.ts';
import { addressArgument } from './address-argument.ts';
import { type HistoryEntry, readHistory, writeHistory } from './history-file.ts';
import { type Arguments, flag, integer, text, withClient, withNode } from './options.ts';
import { print, table, time } from './output.ts';

const MAX_SCAN = 10_000;
const DEFAULT_LIMIT = 20;

/** Asks what became of those that were not final when they were written down. */
async function refreshed(
  client: Client,
  entries: readonly HistoryEntry[],
  chainId: string,
): Promise<HistoryEntry[]> {
  const updated: HistoryEntry[] = [];
  for (const entry of entries) {
    if (entry.status === 'final' || entry.chain_id !== chainId) {
      updated.push(entry);
      continue;
    }
    const found = await client.call('get_transaction', { transaction_id: entry.transaction_id });
    const results = (found.receipt?.results ?? []).map(({ type }) => type);
    updated.push({ ...entry, status: found.status, height: found.height, results });
  }
  return updated;
}

function lines(entries: readonly HistoryEntry[]): string[] {
  if (entries.length === 0) return ['nothing was sent from here'];
  return table([
    ['time', 'status', 'height', 'key', 'what', 'came of it', 'transaction'],
    ...entries.map((one) => [
      time(one.at),
      one.status,
      one.height === null ? '-' : String(one.height),
      one.key,
      one.summary,
      one.results.join('; ') || '-',
      one.transaction_id,
    ]),
  ]);
}

async function own(argv: Arguments, limit: number, of: string | undefined): Promise<void> {
  const all = readHistory();
  const isMeant = ({ account }: HistoryEntry): boolean => of === undefined || account === of;
  const isOpen = all.some((entry) => isMeant(entry) && entry.status !== 'final');
  if (!isOpen) {
    const entries = all.filter(isMeant).slice(-limit).reverse();
    print(flag(argv, 'json'), { transactions: entries }, lines(entries));
    return;
  }
  await withClient(argv, async (client) => {
    const { chain_id } = await client.call('get_status', {});
    const updated = await refreshed(client, all, chain_id);
    writeHistory(updated);
    const entries = updated.filter(isMeant).slice(-limit).reverse();
    print(flag(argv, 'json'), { transactions: entries }, lines(entries));
  });
}

/** Transactions of an account in the newest final blocks that the node keeps. */
async function scanned(argv: Arguments, blocks: number, of: string, limit: number): Promise<void> {
  await withClient(argv, async (client) => {
    const { height: tip } = await client.call('get_status', {});
    const found: object[] = [];
    const rows: string[][] = [];
    let from = tip;
    for (; from > Math.max(0, tip - blocks) && found.length < limit; from--) {
      const block = await client.call('get_block', { height: from });
      for (const one of [...block.body].reverse()) {
        if (one.account !== of || found.length >= limit) continue;
        const { height, timestamp } = block;
        found.push({ ...one, height, timestamp });
        const results = (one.receipt?.results ?? []).map(({ type }) => type).join('; ') || '-';
        rows.push([time(timestamp), String(height), results, one.transaction_id]);
      }
    }
    print(flag(argv, 'json'), { account: of, from: from + 1, to: tip, transactions: found }, [
      `blocks ${from + 1} to ${tip}`,
      ...(rows.length === 0 ? ['none of this account'] : []),
      ...(rows.length === 0 ? [] : table([['time', 'height', 'results', 'transaction'], ...rows])),
    ]);
  });
}

async function history(argv: Arguments): Promise<void> {
  const given = text(argv, 'account');
  const of = given === undefined ? undefined : addressArgument('account', given);
  const limit = integer(argv, 'limit', { min: 1, max: 10_000 }) ?? DEFAULT_LIMIT;
  const blocks = integer(argv, 'scan', { min: 1, max: MAX_SCAN });
  if (blocks === undefined) return own(argv, limit, of);
  if (of !== undefined) return scanned(argv, blocks, of, limit);
  const { accountOf } = await import('./account-options.ts');
  return scanned(argv, blocks, accountOf(argv), limit);
}

export function buildHistory(yargs: Argv): Argv {
  return withNode(yargs)
    .positional('account', { type: 'string', describe: 'Of this account alone: mil1…' })
    .option('from', { type: 'string', describe: 'Name of a key, instead of an account' })
    .option('keys', { type: 'string', describe: 'Folder of key files, for --from' })
    .option('limit', { type: 'string', describe: 'Newest so many (20)' })
    .option('scan', {
      type: 'string',
      describe: 'Look through the newest so many blocks of the chain, instead of this wallet',
    })
    .command('$0 [account]', false, (y) => y, history)
    .example('$0 history', 'what this wallet sent, newest first')
    .example('$0 history --from alice --scan 500', 'whoever sent it, in the last 500 blocks');
}
