/**
 * The schema of everything on the wire and in the state, as text that a person can read: every field
 * of every action, result, event and row, in order. A change here changes the format: CHANGELOG.md
 * says so, and the record is made anew with
 *
 *     MILETUS_RECORD_FORMATS=1 npx vitest run test/formats
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ACTION, ActionCodec } from '../../runtime/action.ts';
import { BlockCodec } from '../../runtime/block.ts';
import type { Codec } from '../../runtime/core/ssz.ts';
import { CLOSE_REASON, EVENT, EventCodec } from '../../runtime/event.ts';
import { ACTION_RESULT, ActionResultCodec, ReceiptCodec } from '../../runtime/receipt.ts';
import { emptyState } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec } from '../../runtime/transaction.ts';

const PATH = join(import.meta.dirname, '..', 'vectors', 'frozen-schemas.json');

/** What the library knows of a type: enough to write its schema. */
type Schema = {
  readonly typeName: string;
  readonly fields?: { readonly [name: string]: Schema };
  readonly types?: readonly Schema[];
  readonly elementType?: Schema;
  readonly limit?: number;
};

function schemaText(schema: Schema): string {
  if (schema.fields !== undefined) {
    const fields = Object.entries(schema.fields).map(([name, of]) => `${name}: ${schemaText(of)}`);
    return `{ ${fields.join(', ')} }`;
  }
  if (schema.types !== undefined) return `Union[${schema.types.length}]`;
  if (schema.elementType !== undefined && schema.typeName.startsWith('List')) {
    return `List[${schemaText(schema.elementType)}, ${schema.limit}]`;
  }
  return schema.typeName;
}

const text = (codec: Pick<Codec<unknown>, 'ssz'>): string =>
  schemaText(codec.ssz as unknown as Schema);

/** One line for each alternative of a union, by name. */
function variants(
  union: string,
  codec: Pick<Codec<unknown>, 'ssz'>,
  selectors: { readonly [name: string]: number },
): [string, string][] {
  const { types } = codec.ssz as unknown as Schema;
  return Object.entries(selectors)
    .sort(([, a], [, b]) => a - b)
    .map(([name, selector]) => {
      const of = types?.[selector];
      if (of === undefined) throw new Error(`${union} has no alternative ${selector} (${name})`);
      return [`${union} ${selector} ${name}`, schemaText(of)];
    });
}

function schemas(): { [name: string]: string } {
  const tables = emptyState(new Uint8Array(32)).stores.map((store): [string, string] => {
    const { table } = store as unknown as {
      readonly table: { readonly key: { readonly name: string }; readonly value: Codec<unknown> };
    };
    return [`table ${store.id} ${store.name}`, `${table.key.name} → ${text(table.value)}`];
  });
  const reasons = Object.entries(CLOSE_REASON).map(([name, number]): [string, string] => [
    `close reason ${number}`,
    name,
  ]);
  return Object.fromEntries([
    ['Block', text(BlockCodec)],
    ...variants('Payload', PayloadCodec, PAYLOAD),
    ...variants('Action', ActionCodec, ACTION),
    ['Receipt', text(ReceiptCodec)],
    ...variants('ActionResult', ActionResultCodec, ACTION_RESULT),
    ...variants('Event', EventCodec, EVENT),
    ...tables,
    ...reasons,
  ]);
}

test('the schemas are those recorded', () => {
  const found = schemas();
  if (process.env['MILETUS_RECORD_FORMATS'] === '1') {
    writeFileSync(PATH, `${JSON.stringify(found, null, 2)}\n`);
  }
  expect(found).toEqual(JSON.parse(readFileSync(PATH, 'utf8')));
});
