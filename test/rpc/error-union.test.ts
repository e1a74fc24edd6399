/**
 * The error union of the state machine, walked whole: every refusal has a number of its own that never
 * changes, says which field is at fault, and reaches the caller of the RPC with what was given and what
 * is allowed.
 */
import { expect, test } from 'vitest';
import { RPC_ERRORS, RUNTIME_ERROR_BASE, runtimeErrorObject } from '../../node/rpc/errors.ts';
import { refusalInfo } from '../../node/rpc/present-receipt.ts';
import { ActionResultSchema } from '../../node/rpc/schemas/transaction.ts';
import {
  errorEntry,
  RefusalRecordCodec,
  RUNTIME_ERRORS,
  type RuntimeErrorCode,
  refusal,
  refusalRecord,
  runtimeErrorCode,
} from '../../runtime/error.ts';
import FROZEN from '../vectors/runtime-errors.json' with { type: 'json' };

const CODES = Object.keys(RUNTIME_ERRORS) as RuntimeErrorCode[];

/** Numbers by subject: the hundred, or half hundred, in which a group of errors lives. */
const GROUPS: readonly (readonly [from: number, to: number])[] = [
  [1, 99],
  [100, 199],
  [200, 299],
  [300, 399],
  [400, 499],
  [500, 549],
  [600, 629],
  [630, 659],
  [660, 699],
  [700, 709],
  [710, 729],
  [750, 769],
  [770, 799],
  [800, 809],
];

test('numbers are frozen: none changes, none is reused, new ones are added to the list', () => {
  const now = Object.fromEntries(CODES.map((code) => [code, errorEntry(code).number]));
  expect(now).toEqual(FROZEN);
});

test('no number stands for two errors, and each is in a group', () => {
  const numbers = CODES.map((code) => errorEntry(code).number);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const number of numbers) {
    expect(
      GROUPS.some(([from, to]) => number >= from && number <= to),
      `${number}`,
    ).toBe(true);
  }
});

test.each(CODES)('%s', (code) => {
  const { number, field, text } = errorEntry(code);
  expect(code).toMatch(/^[a-z][a-z_]*$/);
  expect(field).toMatch(/^[a-z][A-Za-z]*$/);
  expect(text.length).toBeGreaterThan(3);
  // A short phrase: it follows the code and precedes the facts on one line.
  expect(text).not.toMatch(/^[A-Z](?![A-Z])|\.$/);

  // As a receipt carries it, with the greatest facts there can be.
  const given = -(2n ** 100n);
  const record = refusalRecord(refusal(code, { given, allowed: 5 }));
  expect(RefusalRecordCodec.decode(RefusalRecordCodec.encode(record))).toEqual({
    ok: true,
    value: { number, given, allowed: 5n },
  });
  expect(runtimeErrorCode(number)).toBe(code);

  // As the result of an action, and as the refusal of a submission.
  const shown = refusalInfo(record);
  expect(ActionResultSchema.safeParse(shown).success).toBe(true);
  const facts = { field, given: String(given), allowed: '5' };
  expect(shown).toMatchObject({ code, number, message: text, ...facts });
  const error = runtimeErrorObject(number, { given: String(given), allowed: '5' });
  expect(error).toMatchObject({ message: text, data: { code, ...facts } });
  const isDeribits = error.code > 0 && error.code < RUNTIME_ERROR_BASE;
  expect(isDeribits || error.code === RUNTIME_ERROR_BASE + number).toBe(true);
  const ofServer = Object.entries(RPC_ERRORS).find(([, entry]) => entry.number === error.code);
  // A number of the server's own stands for the same thing there.
  if (ofServer !== undefined) expect([code, 'invalid_instrument']).toContain(ofServer[0]);
});

test('a number that this release does not know keeps its number and says so', () => {
  expect(refusalInfo({ number: 65_000, given: 1n, allowed: 2n })).toMatchObject({
    code: 'unknown',
    number: 65_000,
    given: '1',
  });
  expect(runtimeErrorObject(65_000, { given: '', allowed: '' })).toMatchObject({
    code: RPC_ERRORS.refused.number,
  });
});
