/** Keys against the vectors of their specifications, and the keystore against tampering. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bech32m } from '@scure/base';
import { HDKey } from 'micro-key-producer/slip10.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../runtime/accounts/address-text.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { derivationPath, deriveEd25519Seed } from '../../wallet/keys/derive.ts';
import { listKeys, readKey, writeKey } from '../../wallet/keys/key-folder.ts';
import {
  decryptKeystore,
  encryptKeystore,
  type Keystore,
  parseKeystore,
} from '../../wallet/keys/keystore.ts';
import { checkMnemonic, createMnemonic, seedOfMnemonic } from '../../wallet/keys/mnemonic.ts';
import { nodeScrypt } from '../../wallet/keys/scrypt.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

describe('BIP-39 (github.com/trezor/python-mnemonic/vectors.json, passphrase TREZOR)', () => {
  const vectors = [
    {
      entropy: '00000000000000000000000000000000',
      mnemonic:
        'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
      seed: 'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
    },
    {
      entropy: '7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f',
      mnemonic: 'legal winner thank year wave sausage worth useful legal winner thank yellow',
      seed: '2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607',
    },
    {
      entropy: 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      mnemonic:
        'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote',
      seed: 'dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e1613912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad',
    },
  ];
  test.each(vectors)('$entropy', ({ entropy, mnemonic, seed }) => {
    expect(createMnemonic(bytes(entropy))).toBe(mnemonic);
    expect(checkMnemonic(`  ${mnemonic.toUpperCase()}\n`)).toEqual({ ok: true, value: mnemonic });
    expect(toHex(seedOfMnemonic(mnemonic, 'TREZOR'))).toBe(seed);
  });

  test.each([
    ['eleven words', 'abandon '.repeat(11), '11 words'],
    ['an unknown word', `${'abandon '.repeat(11)}secretword`, 'word 12'],
    ['a wrong checksum', 'abandon '.repeat(12), 'checksum'],
  ])('refuses %s without repeating the words', (_name, given, said) => {
    const found = checkMnemonic(given);
    expect(found.ok).toBe(false);
    const detail = found.ok ? '' : found.error.detail;
    expect(detail).toContain(said);
    expect(detail).not.toContain('abandon');
    expect(detail).not.toContain('secretword');
  });
});

describe('SLIP-10 ed25519 (test vector 1)', () => {
  const seed = bytes('000102030405060708090a0b0c0d0e0f');
  test.each([
    ['m', '2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7'],
    ["m/0'", '68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3'],
    ["m/0'/1'", 'b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2'],
    ["m/0'/1'/2'", '92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9'],
  ])('%s', (path, privateKey) => {
    expect(toHex(HDKey.fromMasterSeed(seed).derive(path).privateKey)).toBe(privateKey);
  });

  test('an account is the pinned path of the seed, and each index another key', () => {
    const mnemonic = `${'abandon '.repeat(11)}about`;
    expect(derivationPath(3)).toBe("m/44'/7170412'/3'/0'/0'");
    const expected = HDKey.fromMasterSeed(seedOfMnemonic(mnemonic)).derive(derivationPath(3));
    expect(deriveEd25519Seed(mnemonic, 3)).toEqual(expected.privateKey);
    expect(deriveEd25519Seed(mnemonic, 4)).not.toEqual(expected.privateKey);
    expect(() => derivationPath(-1)).toThrow(RangeError);
  });
});

describe('addresses (BIP-350)', () => {
  test.each([
    'A1LQFN3A',
    'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
    'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
  ])('the library takes the valid %s', (text) => {
    expect(bech32m.decodeUnsafe(text, 90)).toBeDefined();
  });
  test.each(['M1VUXWEZ', 'A12UEL5L', 'in1muywd', '16plkw9'])('and refuses %s', (text) => {
    expect(bech32m.decodeUnsafe(text, 90)).toBeUndefined();
  });
  test('an address survives the text, and one wrong character does not', () => {
    const raw = address('00112233445566778899aabbccddeeff00112233');
    const text = formatAddress(raw);
    expect(text).toMatch(/^mil1/);
    expect(parseAddress(text)).toEqual({ ok: true, value: raw });
    const last = text.endsWith('q') ? 'p' : 'q';
    expect(parseAddress(text.slice(0, -1) + last).ok).toBe(false);
    expect(parseAddress(text.replace('mil', 'cos')).ok).toBe(false);
  });
});

describe('keystore', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
  const publicKey = ed25519.getPublicKey(secret);
  const password = 'correct horse';
  let keystore: Keystore;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'miletus-keys-'));
    keystore = await encryptKeystore(
      {
        secret,
        password,
        name: 'alice',
        path: derivationPath(0),
        publicKey,
        address: 'mil1test',
        uuid: '6c1f2b8a-90d4-4f0e-9a0b-3b6f5f1f2a11',
        salt: new Uint8Array(32).fill(3),
        nonce: new Uint8Array(24).fill(4),
        n: 2 ** 17,
      },
      nodeScrypt,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const reread = (document: object): Keystore => {
    const parsed = parseKeystore(JSON.stringify(document));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return parsed.value;
  };

  test('gives the key back for the password, also in another normal form', async () => {
    expect(JSON.stringify(keystore)).not.toContain(toHex(secret));
    const opened = await decryptKeystore(reread(keystore), password, nodeScrypt);
    expect(opened).toEqual({ ok: true, value: secret });
    // Control characters are stripped, as EIP-2335 says.
    const same = await decryptKeystore(keystore, `correct\u0007 horse\u007f`, nodeScrypt);
    expect(same.ok).toBe(true);
  });

  test('refuses a wrong password', async () => {
    const opened = await decryptKeystore(keystore, 'Correct horse', nodeScrypt);
    expect(opened).toEqual({ ok: false, error: { code: 'wrong_password' } });
  });

  test.each([
    ['name', (copy: Keystore) => ({ ...copy, name: 'mallory' })],
    ['address', (copy: Keystore) => ({ ...copy, address: 'mil1other' })],
    ['path', (copy: Keystore) => ({ ...copy, path: derivationPath(9) })],
    [
      'ciphertext',
      (copy: Keystore) => {
        const { cipher } = copy.crypto;
        const message = `${cipher.message.startsWith('0') ? '1' : '0'}${cipher.message.slice(1)}`;
        return { ...copy, crypto: { ...copy.crypto, cipher: { ...cipher, message } } };
      },
    ],
  ])('refuses a changed %s', async (_field, change) => {
    const opened = await decryptKeystore(reread(change(keystore)), password, nodeScrypt);
    expect(opened).toEqual({ ok: false, error: { code: 'wrong_password' } });
  });

  test.each([
    ['a cut file', () => JSON.stringify(keystore).slice(0, 200), 'malformed_keystore', ''],
    ['an empty file', () => '', 'malformed_keystore', ''],
    [
      'another type',
      () => JSON.stringify({ ...keystore, type: 'miletus/consensus-key' }),
      'malformed_keystore',
      'type',
    ],
    [
      'another version',
      () => JSON.stringify({ ...keystore, version: 4 }),
      'malformed_keystore',
      'version',
    ],
    ['an unknown field', () => JSON.stringify({ ...keystore, extra: 1 }), 'malformed_keystore', ''],
    ['scrypt too cheap', () => cost(2 ** 16), 'kdf_out_of_range', undefined],
    ['scrypt too dear', () => cost(2 ** 21), 'kdf_out_of_range', undefined],
    ['scrypt no power of two', () => cost(2 ** 17 + 1), 'kdf_out_of_range', undefined],
  ])('refuses %s before any password is used', (_name, text, code, field) => {
    const parsed = parseKeystore(text());
    expect(parsed).toMatchObject({
      ok: false,
      error: { code, ...(field === undefined ? {} : { field }) },
    });
  });

  function cost(n: number): string {
    const { crypto } = keystore;
    const params = { ...crypto.kdf.params, n };
    return JSON.stringify({ ...keystore, crypto: { ...crypto, kdf: { ...crypto.kdf, params } } });
  }

  test('is written whole, for its owner only, and never over another', () => {
    const home = join(folder, 'keys');
    const written = writeKey(home, 'alice', keystore);
    expect(written.ok).toBe(true);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, 'alice.json')).mode & 0o777).toBe(0o600);
    expect(writeKey(home, 'alice', keystore)).toMatchObject({ error: { code: 'exists' } });
    expect(writeKey(home, '../alice', keystore)).toMatchObject({ error: { code: 'bad_name' } });
    expect(readdirSync(home)).toEqual(['alice.json']);
    expect(readKey(home, 'alice')).toEqual({ ok: true, value: keystore });
    expect(readKey(home, 'bob')).toMatchObject({ error: { code: 'not_found', allowed: 'alice' } });
    writeFileSync(join(home, 'broken.json'), '{"version":1');
    expect(readKey(home, 'broken')).toMatchObject({ error: { code: 'unreadable' } });
    expect(listKeys(home).map(({ name, problem }) => [name, problem === undefined])).toEqual([
      ['alice', true],
      ['broken', false],
    ]);
  });
});
