/** Fields found in SSZ bytes without decoding them are those that decoding gives. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryOf, transactionIdOf } from '../../node/mempool/entry.ts';
import { listItems, payloadSlices, receiptSlices } from '../../node/ssz-slices.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { BlockCodec } from '../../runtime/block.ts';
import { orderId, subAccount, timestampMs } from '../../runtime/core/units.ts';
import { ACTION_RESULT, type Receipt, ReceiptCodec, ReceiptsCodec } from '../../runtime/receipt.ts';
import { PAYLOAD, PayloadCodec, SCHEME, transactionId } from '../../runtime/transaction.ts';
import { firstBlock } from '../fixtures/block.ts';
import { builtGenesis } from '../fixtures/genesis.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const receipt: fc.Arbitrary<Receipt> = fc.record({
  transactionId: bytes(32),
  index: fc.integer({ min: 0, max: 65_535 }),
  status: fc.constantFrom(0 as const, 1 as const),
  results: fc.array(
    fc.record({
      selector: fc.constant(ACTION_RESULT.cancelled),
      value: fc.record({ cancelled: fc.nat(1_000) }),
    }),
    { maxLength: 20 },
  ),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.nat(1_000).map((id): Action => {
    return { selector: ACTION.cancelOrder, value: { orderId: orderId(id) } };
  }),
  fc
    .record({ to: bytes(20), amount: fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }) })
    .map((some): Action => {
      const subAccounts = { fromSubAccount: subAccount(0), toSubAccount: subAccount(1) };
      return { selector: ACTION.transfer, value: { ...subAccounts, denomination: 0, ...some } };
    }),
);

describe('slices', () => {
  test('of receipts are the receipts and their ids', () => {
    fc.assert(
      fc.property(fc.array(receipt, { maxLength: 12 }), (receipts) => {
        const slices = receiptSlices(ReceiptsCodec.encode(receipts));
        expect(slices.map(({ id }) => id)).toEqual(receipts.map((one) => one.transactionId));
        expect(slices.map((slice) => ReceiptCodec.decode(slice.bytes))).toEqual(
          receipts.map((value) => ({ ok: true, value })),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('of a block are its payloads', () => {
    const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 9 });
    fc.assert(
      fc.property(payloads, (given) => {
        const block = BlockCodec.encode(firstBlock(builtGenesis(), given));
        expect(payloadSlices(block).map((one) => [...one])).toEqual(given.map((one) => [...one]));
      }),
      { numRuns: 20 },
    );
  });

  test('of bytes that are no list break an invariant', () => {
    expect(() => listItems(new Uint8Array([5, 0, 0, 0]))).toThrow('begins with offsets');
    expect(() => listItems(new Uint8Array([8, 0, 0, 0, 7, 0, 0, 0]))).toThrow('offsets ascend');
  });
});

test('the id of a transaction by its bytes is that of its body', () => {
  const body = fc.record({
    account: bytes(20),
    nonce: fc.nat(),
    expiresAt: fc.nat().map(timestampMs),
    signers: fc.array(fc.record({ scheme: fc.constant(SCHEME.ed25519), publicKey: bytes(32) }), {
      minLength: 1,
      maxLength: 3,
    }),
    actions: fc.array(action, { minLength: 1, maxLength: 20 }),
  });
  const signatures = fc.array(bytes(64), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(body, signatures, bytes(32), (given, signed, chainId) => {
      const value = { body: given, signatures: signed };
      const payload = PayloadCodec.encode({ selector: PAYLOAD.transaction, value });
      const id = transactionId(chainId, given);
      expect(transactionIdOf(payload, chainId)).toEqual(id);
      const entry = entryOf(payload, chainId, timestampMs(0));
      expect(entry.ok && entry.value.transactionId).toEqual(id);
    }),
    { numRuns: 50 },
  );
});
