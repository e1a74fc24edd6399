/** docs/spec/rpc.md names every method, parameter and error as the code has them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RPC_ERRORS } from '../../node/rpc/errors.ts';
import { openRpcDocument } from '../../node/rpc/openrpc.ts';
import { METHODS, type MethodName } from '../../node/rpc/schemas/methods.ts';

const page = readFileSync(new URL('../../docs/spec/rpc.md', import.meta.url), 'utf8');
type Described = { name: MethodName; params: { name: string; required: boolean }[] };
const { methods } = openRpcDocument('test') as { methods: Described[] };

test.each(methods)('$name', ({ name, params }) => {
  const names = params.map((param) => `\`${param.name}${param.required ? '' : '?'}\``).join(' ');
  expect(page).toContain(`| \`${name}\` | ${names || '–'} | ${METHODS[name].summary} |`);
});

test('every error has its line, and no number stands for two names', () => {
  for (const [name, { number, text }] of Object.entries(RPC_ERRORS)) {
    expect(page).toContain(`| ${number} | \`${name}\` | ${text} |`);
  }
  const numbers = Object.values(RPC_ERRORS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});
