/**
 * The two tables of design/staking-and-keys.md §6, measured on the state machine and published in
 * docs/security.md: what a thief can take in a day by each key, and what faults that roll on cost. Each
 * cell is what came of trying, in whole blocks. `MILETUS_RECORD_TABLES=1` writes the page anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROLE } from '../../runtime/accounts/account.ts';
import { accountEquity } from '../../runtime/accounts/security/meter.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { mulDivFloor } from '../../runtime/core/math.ts';
import { type AccountId, subAccount } from '../../runtime/core/units.ts';
import { EVIDENCE_ORIGIN, STAKING_ACTION } from '../../staking/actions.ts';
import { STAKING_EVENT } from '../../staking/events.ts';
import { PHI_ONE } from '../../staking/fraction.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { undelegate } from '../../staking/undelegate.ts';
import type { TestChain } from '../fixtures/chain.ts';
import type { TestKey } from '../fixtures/genesis.ts';
import {
  contextOf,
  doubleVote,
  MIL,
  milOf,
  nextEpoch,
  stakingChain,
  V,
} from '../fixtures/staking.ts';
import {
  act,
  adding,
  agentChange,
  alice,
  ask,
  bob,
  bot,
  bytesOf,
  change,
  DAY,
  ending,
  freezing,
  guardians,
  HOUR,
  laptop,
  MINUTE,
  pass,
  phone,
  protectedChain,
  recovering,
  removing,
  run,
  sending,
  signed,
  staker,
  thief,
  USD,
  usdOf,
  withdrawing,
} from './guarded-chain.ts';
import { orderOf } from './orders.ts';

const [g1 = thief, g2 = thief] = guardians;

/** Whole USD. */
const shown = (micro: bigint): string =>
  `$${(micro / USD).toString().replace(/\B(?=(\d{3})+$)/g, ',')}`;

/** Alice's account with a million USD: two factors, three guardians, a trade, a stake and an agent key. */
function victim(): TestChain {
  const chain = protectedChain();
  const more = [
    adding(chain, laptop, { role: ROLE.trade }),
    adding(chain, staker, { role: ROLE.stake }),
    agentChange(chain, bot, { outflowUsd: 1_000 }),
  ];
  ask(chain, [alice, phone], change(...more));
  pass(chain, 10 * MINUTE);
  return chain;
}

type Thief = { readonly name: string; readonly signers: readonly TestKey[] };
const THIEVES: readonly Thief[] = [
  { name: 'one owner key (or several of one factor group)', signers: [phone] },
  { name: 'owner keys of two factor groups', signers: [alice, phone] },
  { name: 'a trade key', signers: [laptop] },
  { name: 'an agent, $1,000 of outflow a day', signers: [bot] },
  { name: 'a stake key', signers: [staker] },
  { name: 'a guardian', signers: [g1] },
  { name: 'a majority of guardians', signers: [g1, g2] },
];

const POWERS = Array.from({ length: 20 }, (_, at) => 2n ** BigInt(19 - at) * USD);

/** What leaves by greedy sends every six hours of a day. */
function bySends(signers: readonly TestKey[], to: TestKey): bigint {
  const chain = victim();
  const before = usdOf(chain.state, to);
  for (let hour = 0; hour <= 24; hour += 6) {
    run(chain, [
      signed(
        chain,
        signers,
        POWERS.map((amount) => sending(to, amount)),
      ),
    ]);
    if (hour < 24) pass(chain, 6 * HOUR);
  }
  return usdOf(chain.state, to) - before;
}

/** What leaves by withdrawals that wait, when a guardian looks once a day and says no. */
function byWithdrawals(signers: readonly TestKey[]): bigint {
  const chain = victim();
  const before = usdOf(chain.state, bob);
  run(chain, [signed(chain, signers, [withdrawing(bob, 900_000n * USD)])]);
  pass(chain, DAY - MINUTE);
  for (const id of chain.state.pendingWithdrawals.sortedKeys()) act(chain, [g2], ending(id));
  pass(chain, 2 * DAY);
  return usdOf(chain.state, bob) - before;
}

/** What an accomplice gains from orders far from the mark, as the account's equity tells. */
function byOrders(signers: readonly TestKey[]): bigint {
  const chain = victim();
  const { id } = chain.state.accounts.must(alice.address);
  const before = accountEquity(chain.state, id);
  const sizes = [1_024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1];
  for (let hour = 0; hour <= 24; hour += 6) {
    // Bought dear and sold cheap in turns, so that neither side needs more margin each time.
    const side = (hour / 6) % 2 === 0 ? 0 : 1;
    const away = sizes.map((lots) => orderOf(chain, { side, lots, over: 1_000 }));
    run(chain, [signed(chain, signers, away)]);
    act(chain, [bob], orderOf(chain, { side: side === 0 ? 1 : 0, lots: 2_048 }), bob);
    act(chain, [bob], CANCEL_ALL, bob);
    if (hour < 24) pass(chain, 6 * HOUR);
  }
  return before - accountEquity(chain.state, id);
}
const CANCEL_ALL: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };

/** Whether an action is in force within a day although a guardian looks once a day. */
function inADay(
  signers: readonly TestKey[],
  action: (chain: TestChain) => Action,
  isDone: (chain: TestChain) => boolean,
): string {
  const chain = victim();
  const said = act(chain, signers, action(chain));
  pass(chain, DAY - MINUTE);
  const done = isDone(chain);
  if (done) return 'yes';
  return said === 'numbered' || said === 'ruleSet' ? 'no: waits' : `no: \`${said}\``;
}

const keysOf = (chain: TestChain) => chain.state.accounts.must(alice.address).keys;
const has = (chain: TestChain, key: TestKey): boolean =>
  keysOf(chain).some(
    ({ publicKey, removed }) => !removed && publicKey.join() === key.publicKey.join(),
  );

function thiefRow({ name, signers }: Thief): string {
  const cells = [
    name,
    shown(bySends(signers, bob)),
    shown(bySends(signers, thief)),
    shown(byWithdrawals(signers)),
    shown(byOrders(signers)),
    inADay(
      signers,
      (chain) => change(adding(chain, thief, { group: 3 })),
      (chain) => has(chain, thief),
    ),
    inADay(
      signers,
      () => change(removing(3)),
      (chain) => keysOf(chain)[3]?.removed === true,
    ),
    inADay(
      signers,
      () => ({ selector: STAKING_ACTION.setWithdrawAddress, value: { address: bytesOf(bob) } }),
      (chain) => chain.state.staking.withdrawTo.size > 0,
    ),
    inADay(
      signers,
      () => freezing(7 * DAY),
      (chain) =>
        [...chain.state.accountSecurity.unorderedEntries()].some(
          ([, row]) => row.frozenUntil > chain.now,
        ),
    ),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** One history of faults of validator 1 of 20, whose stake is its operator's; 10,000 MIL each. */
type Rolling = { readonly name: string; readonly steps: (chain: Faulty) => void };
type Faulty = ReturnType<typeof faulty>;

function faulty() {
  const chain = stakingChain({ validators: 20, weights: Array.from({ length: 20 }, () => 10_000) });
  nextEpoch(chain);
  nextEpoch(chain);
  const operator = chain.state.staking.validators.must(V(1)).operator;
  const report = (inEpoch: number, by: AccountId, origin = EVIDENCE_ORIGIN.votes): string => {
    const evidence = doubleVote(chain, V(1), inEpoch, origin);
    if (evidence === undefined) return 'not in the set';
    const done = submitEvidence(chain.state, contextOf(chain), by, evidence);
    return done.ok ? 'burned' : done.error.code;
  };
  return { chain, operator, report, stranger: chain.delegators[0] as AccountId };
}

const ROLLING: readonly Rolling[] = [
  {
    name: 'a fault in e, told by another',
    steps: ({ report, stranger }) => void report(2, stranger),
  },
  {
    name: 'a fault in e, told by the operator itself',
    steps: ({ report, operator }) => void report(2, operator),
  },
  {
    name: 'a fault in e, told by itself, and a second in e+1, told by another',
    steps: ({ chain, report, operator, stranger }) => {
      report(2, operator);
      nextEpoch(chain);
      report(3, stranger);
    },
  },
  {
    name: 'the same two, told in the other order',
    steps: ({ chain, report, operator, stranger }) => {
      nextEpoch(chain);
      report(3, stranger);
      report(2, operator);
    },
  },
  {
    name: 'as before, but all stake asked to leave in e, before the first fault is told',
    steps: ({ chain, report, operator, stranger }) => {
      undelegate(chain.state, contextOf(chain), operator, { validator: V(1), amount: 0n });
      report(2, operator);
      nextEpoch(chain);
      report(3, stranger);
    },
  },
];

function rollingRow({ name, steps }: Rolling): string {
  const world = faulty();
  const { chain, operator, stranger } = world;
  const [own, others] = [milOf(chain, operator), milOf(chain, stranger)];
  steps(world);
  let burned = 0n;
  for (const { selector, value } of chain.events) {
    if (selector === STAKING_EVENT.slashed) burned += value.burned;
  }
  const faults = chain.state.staking.faults.get(V(1))?.entries ?? [];
  const phi = faults.reduce((most, entry) => (entry.phi > most ? entry.phi : most), 0n);
  const percent = Number(mulDivFloor(phi, 10_000n, PHI_ONE)) / 100;
  const gained = milOf(chain, operator) - own;
  const reward = milOf(chain, stranger) - others;
  const weighs = chain.state.staking.validators.must(V(1)).tombstoned ? 'for ever' : 'no';
  const mil = (micro: bigint): string => `${Number(mulDivFloor(micro, 100n, MIL)) / 100} MIL`;
  return `| ${[name, `${percent} %`, mil(burned), mil(gained), mil(reward), weighs].join(' | ')} |`;
}

const PAGE = new URL('../../docs/security.md', import.meta.url);
const BEGIN = (name: string): string =>
  `<!-- ${name}: made by test/accounts/security-tables.test.ts -->`;

/** The page with a table put between its marks. */
function withTable(page: string, name: string, lines: readonly string[]): string {
  const [before = '', rest = ''] = page.split(BEGIN(name));
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  return `${before}${BEGIN(name)}\n${lines.join('\n')}\n${after}`;
}

test('the page has the tables that the rules make', () => {
  const page = readFileSync(PAGE, 'utf8');
  const thieves = [
    '| thief with | sent to the whitelisted | sent elsewhere | withdrawn, vetoed within a day | given away by orders | adds an owner key | removes a guardian | pays rewards elsewhere | freezes |',
    '|---|---|---|---|---|---|---|---|---|',
    ...THIEVES.map(thiefRow),
  ];
  const rolling = [
    '| history | φ | taken from its stake | paid to the operator | paid to the other | tombstoned |',
    '|---|---|---|---|---|---|',
    ...ROLLING.map(rollingRow),
  ];
  const made = withTable(withTable(page, 'thief', thieves), 'rolling fault', rolling);
  if (process.env['MILETUS_RECORD_TABLES'] === '1') writeFileSync(PAGE, made);
  expect(readFileSync(PAGE, 'utf8')).toBe(made);
}, 60_000);

test('what the table must say whatever its figures are', () => {
  const rows = readFileSync(PAGE, 'utf8').split('\n');
  const cells = (name: string): string[] =>
    (rows.find((row) => row.startsWith(`| ${name}`)) ?? '').split(' | ').slice(1);
  // Nothing goes to addresses that nobody whitelisted, whoever signs.
  for (const { name } of THIEVES) expect(cells(name)[1], name).toBe('$0');
  for (const { name } of THIEVES.slice(2)) expect(cells(name)[4], name).toMatch(/^no/);
  expect(cells('one owner key')[2]).toBe('$0');
  expect(cells('one owner key')[4]).toMatch(/^no/);
  const chain = victim();
  expect(act(chain, [g1, g2], recovering(chain, [thief, 0], [g2, 1]))).toBe('key_known');
});
