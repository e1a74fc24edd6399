/**
 * A chain that people launch together: a folder for each, in which its commands run; a draft, signed
 * entries, the same document collected by everyone; then nodes as processes, and prices for them.
 *
 *     draft.json
 *     vN/password, vN/keys, vN/op.entry.json, vN/entries/, vN/node/, v2/signer/
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../devnet/network.ts';
import { freePorts } from '../../../devnet/ports.ts';
import { underlyingVote } from '../../../feeder/vote/underlying-vote.ts';
import { createVoter } from '../../../feeder/vote/voter.ts';
import { randomSeed, readKeyFile, writeKeyFile } from '../../../node/keys.ts';
import type { ReceiptInfo } from '../../../node/rpc/schemas/transaction.ts';
import { formatAddress } from '../../../runtime/accounts/address-text.ts';
import type { Action } from '../../../runtime/action.ts';
import { fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { address } from '../../../runtime/core/units.ts';
import { type Client, createClient } from '../../../wallet/client/client.ts';
import {
  accountOfPublicKey,
  ed25519Signer,
  type KeySigner,
  signTransaction,
} from '../../../wallet/client/sign.ts';
import { buildBody, createNonceClock } from '../../../wallet/client/transaction-builder.ts';
import { deriveEd25519Seed } from '../../../wallet/keys/derive.ts';
import { type Output, runMany } from '../../cli/run-cli.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'miletus.js');
/** Ends a process when this one ends, however it does. */
const LEASH = join(import.meta.dirname, '..', '..', '..', 'devnet', 'leash.ts');
const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

/** Validators of the genesis; one more folder joins later, one account reports faults. */
export const GENESIS_VALIDATORS = 7;
export const JOINER = 7;
export const REPORTER = 8;
/** The validator whose key is with a signer process. */
export const REMOTE = 2;
export const FUNDED_MIL = 1_500_000n;
export const BONDED_MIL = 1_000_000n;

/** Short epochs and windows; half-second oracle votes; issuance off, so that MIL only moves. */
const PARAMETERS = { epochMs: 6_000, oracleStaleMs: 1_500 };
const STAKING = {
  ...{ unbondingMs: 61_000, unbondingEpochs: 10, evidenceMs: 60_000, evidenceEpochs: 9 },
  ...{ trustMs: 10_000, trustEpochs: 3, downtimeJailMs: 1_000, maxMissedBps: 7_500 },
  ...{ jailBrakeBps: 2_500, issuancePpm: 0, issuanceFloorPpm: 0 },
};
const PACING = { idleBlockMs: 400, deltaMs: 150, timeoutCapMs: 3_000 };
const VOTE_MS = 400;
/** Patience with a transaction: seconds on a quiet machine. */
const FINAL_MS = 60_000;

/** One operator's seat: its folder, its key, its process. */
export type Seat = {
  readonly index: number;
  readonly folder: string;
  readonly home: string;
  readonly operator: KeySigner;
  readonly address: string;
  readonly client: Client;
  readonly p2pPort: number;
  process: ChildProcess | undefined;
  output: string;
};

export type CeremonyNetwork = {
  readonly folder: string;
  readonly seats: readonly Seat[];
  /** What each of the seven collected: the chain id in its own folder. */
  readonly chainIds: readonly string[];
  /** Secrets that no output may hold. */
  start(seat: Seat): void;
  /** Ends a process; its exit status. */
  stop(seat: Seat, signal: NodeJS.Signals): Promise<number | null>;
  startSigner(): void;
  /** The receipt of one action of a seat's operator, sent by the first seat's node. */
  send(seat: Seat, action: Action): Promise<ReceiptInfo | undefined>;
  /** Votes prices for every validator whose process runs. */
  startVotes(): void;
  close(): Promise<void>;
};

const cliOf = (folder: string, ...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, {
    cwd: folder,
    env: { MILETUS_KEYS: join(folder, 'keys'), MILETUS_PASSWORD_FILE: join(folder, 'password') },
  });

/** Outputs of commands that must succeed. */
async function mustCli(folder: string, ...commands: readonly (readonly string[])[]) {
  const runs = await cliOf(folder, ...commands);
  for (const [at, { code, stderr }] of runs.entries()) {
    if (code !== 0) throw new Error(`${folder}: ${commands[at]?.join(' ')}: ${code} ${stderr}`);
  }
  return runs.map(({ stdout }) => stdout);
}

function editJson(path: string, change: (json: Record<string, object>) => void): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>;
  change(json);
  writeFileSync(path, JSON.stringify(json));
}

function editText(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

const operatorOf = (index: number): KeySigner => ed25519Signer(deriveEd25519Seed(MNEMONIC, index));

export const addressOf = (signer: KeySigner): string =>
  formatAddress(address(toHex(accountOfPublicKey(signer.publicKey))));

async function makeSeats(folder: string): Promise<Seat[]> {
  const count = GENESIS_VALIDATORS + 1;
  const ports = await freePorts(2 * count);
  return Array.from({ length: count }, (_, index) => {
    const operator = operatorOf(index);
    const own = join(folder, `v${index}`);
    return {
      index,
      folder: own,
      home: join(own, 'node'),
      operator,
      address: addressOf(operator),
      client: createClient({ url: `ws://127.0.0.1:${ports[index] ?? 0}` }),
      p2pPort: ports[count + index] ?? 0,
      process: undefined,
      output: '',
    };
  });
}

/** The coordinator's part: the draft, which everyone gets. */
async function writeDraft(folder: string, seats: readonly Seat[]): Promise<void> {
  const funds = [...seats.map((seat) => seat.address), addressOf(operatorOf(REPORTER))];
  await mustCli(folder, [
    ...['genesis', 'init', 'draft.json', '--draft', '--name', 'rehearsal'],
    ...funds.flatMap((to) => ['--fund', `${to}=0,${FUNDED_MIL}`]),
  ]);
  editJson(join(folder, 'draft.json'), (json) => {
    Object.assign(json['parameters'] ?? {}, PARAMETERS);
    Object.assign(json['staking'] ?? {}, STAKING);
    Object.assign(json['pacing'] ?? {}, PACING);
    const [bitcoin] = json['underlyings'] as unknown as Record<string, unknown>[];
    json['underlyings'] = [{ ...bitcoin, expiriesListed: 1, futuresListed: 0 }];
  });
}

function writeConfig({ home, p2pPort, client }: Seat): void {
  editText(join(home, 'config.toml'), (text) =>
    text
      .replaceAll('tcp/26656', `tcp/${p2pPort}`)
      .replace('port = 8545', `port = ${new URL(client.url).port}`)
      .replace('port = 9464', 'port = 0'),
  );
}

/** An operator's part, in its own folder: keys, node, and, at genesis, its signed entry. */
async function prepareSeat(folder: string, seat: Seat): Promise<void> {
  mkdirSync(seat.folder, { recursive: true });
  writeFileSync(join(seat.folder, 'password'), `password of ${seat.index}\n`, { mode: 0o600 });
  writeFileSync(join(seat.folder, 'mnemonic'), MNEMONIC, { mode: 0o600 });
  cpSync(join(folder, 'draft.json'), join(seat.folder, 'draft.json'));
  const account = ['--account-index', String(seat.index)];
  const join_ = [
    ...['genesis', 'join', 'draft.json', '--home', 'node', '--from', 'op'],
    ...['--weight', String(BONDED_MIL), '--address', `/ip4/127.0.0.1/tcp/${seat.p2pPort}`],
  ];
  await mustCli(
    seat.folder,
    ['keys', 'import', 'op', '--mnemonic-file', 'mnemonic', ...account],
    ['node', 'init', '--home', 'node'],
    ...(seat.index < GENESIS_VALIDATORS ? [join_] : []),
  );
  rmSync(join(seat.folder, 'mnemonic'));
  writeConfig(seat);
}

/** Each collects the entries of all by itself; the chain ids they get. */
async function collectAll(seats: readonly Seat[]): Promise<string[]> {
  const members = seats.slice(0, GENESIS_VALIDATORS);
  const ids: string[] = [];
  for (const seat of members) {
    const entries = join(seat.folder, 'entries');
    mkdirSync(entries);
    for (const other of members) {
      cpSync(join(other.folder, 'op.entry.json'), join(entries, `v${other.index}.entry.json`));
    }
  }
  const commands = members.map(({ folder, home }) => [
    ...['genesis', 'collect', join(folder, 'draft.json'), join(folder, 'entries')],
    ...['--out', join(home, 'genesis.json'), '--json'],
  ]);
  for (const text of await mustCli(members[0]?.folder ?? '', ...commands)) {
    ids.push((JSON.parse(text) as { chain_id: string }).chain_id);
  }
  for (const seat of seats.slice(GENESIS_VALIDATORS)) {
    cpSync(join(members[0]?.home ?? '', 'genesis.json'), join(seat.home, 'genesis.json'));
  }
  return ids;
}

/** One validator's key goes to a signer, with the next key beside it, for a rotation. */
async function prepareSigner({ folder }: Seat): Promise<void> {
  await mustCli(folder, ['signer', 'init', '--home', 'signer', '--node-home', 'node', '--yes']);
  writeKeyFile(join(folder, 'signer', 'keys', 'next.key'), randomSeed());
  editText(join(folder, 'signer', 'signer.toml'), (text) =>
    text
      .replace('keys = ["keys/consensus.key"]', 'keys = ["keys/consensus.key", "keys/next.key"]')
      .replace('port = 9465', 'port = 0'),
  );
}

/** Makes the folders and the genesis. Starts nothing. */
export async function holdCeremony(): Promise<CeremonyNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'miletus-seven-'));
  const seats = await makeSeats(folder);
  await writeDraft(folder, seats);
  // Two at a time: they would only wait for each other's scrypt.
  for (let at = 0; at < seats.length; at += 2) {
    await Promise.all(seats.slice(at, at + 2).map((seat) => prepareSeat(folder, seat)));
  }
  const chainIds = await collectAll(seats);
  const remote = seats[REMOTE];
  if (remote) await prepareSigner(remote);
  let signer: ChildProcess | undefined;
  let votes: NodeJS.Timeout | undefined;
  const nonce = createNonceClock(Date.now);

  const launch = (argv: readonly string[], cwd: string, onOutput: (text: string) => void) => {
    const child = spawn(process.execPath, ['--import', LEASH, LAUNCHER, ...argv], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => onOutput(String(chunk)));
    }
    return child;
  };

  const end = async (
    child: ChildProcess | undefined,
    signal: NodeJS.Signals,
  ): Promise<number | null> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return child?.exitCode ?? null;
    }
    const over = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return over;
  };

  const stop = async (seat: Seat, signal: NodeJS.Signals): Promise<number | null> => {
    const child = seat.process;
    seat.process = undefined;
    return end(child, signal);
  };

  return {
    folder,
    seats,
    chainIds,
    start(seat) {
      seat.process = launch(['node', 'start', '--home', 'node'], seat.folder, (text) => {
        seat.output = (seat.output + text).slice(-20_000);
      });
    },
    stop,
    startSigner() {
      signer = launch(['signer', 'start', '--home', 'signer'], remote?.folder ?? '', () => {});
    },
    async send({ operator }, action) {
      const client = seats[0]?.client;
      const body = buildBody({
        account: accountOfPublicKey(operator.publicKey),
        publicKeys: [operator.publicKey],
        actions: [action],
        nonce: nonce(),
        expiresAt: Date.now() + FINAL_MS,
      });
      if (!body.ok || client === undefined) throw new RangeError(JSON.stringify(body));
      const chainId = fromHex(chainIds[0] ?? '') ?? new Uint8Array(32);
      const signed = signTransaction(chainId, body.value, [operator]);
      await client.call('submit_transaction', { transaction: signed.hex });
      return eventually(async () => {
        const id = { transaction_id: signed.transactionId };
        const found = await client.call('get_transaction', id);
        return found.receipt ?? undefined;
      }, FINAL_MS);
    },
    startVotes() {
      const voters = seats.map(({ home }) =>
        createVoter({
          nodes: seats[0] ? [seats[0].client] : [],
          signer: ed25519Signer(readKeyFile(join(home, 'keys', 'oracle.key'))),
        }),
      );
      votes = setInterval(() => {
        const observedAtMs = Date.now();
        const underlyings = [underlyingVote({ id: 1, index: 60_000, confidence: 1, expiries: [] })];
        for (const [at, voter] of voters.entries()) {
          if (seats[at]?.process === undefined) continue;
          const cast = async (): Promise<void> => {
            const answer = await voter.findPlace();
            if (answer.kind !== 'validator') return;
            await voter.cast(answer.place, { observedAtMs, underlyings }, 2 * VOTE_MS);
          };
          // A vote that does not arrive in time is a slot missed, which is judged by the chain.
          cast().catch(() => undefined);
        }
      }, VOTE_MS);
    },
    async close() {
      clearInterval(votes);
      for (const { client } of seats) client.close();
      await Promise.all([...seats.map((seat) => stop(seat, 'SIGTERM')), end(signer, 'SIGTERM')]);
      if (process.env['MILETUS_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
      else console.log(`folders in ${folder}`);
    },
  };
}
