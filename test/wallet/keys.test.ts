/** Keys against the vectors of their specifications, and the keystore against tampering. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
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
    ["m/0'/1'/2'/2'", '30d1dc7e5fc04c31219ab25a27ae00b50f6fd66622f6e9c913253d6511d1e662'],
    [
      "m/0'/1'/2'/2'/1000000000'",
      '8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793',
    ],
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

describe('SLIP-10 ed25519 (test vector 2)', () => {
  const seed = bytes(
    'fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542',
  );
  test.each([
    ['m', '171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012'],
    ["m/0'", '1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635'],
    ["m/0'/2147483647'", 'ea4f5bfe8694d8bb74b7b59404632fd5968b774ed545e810de9c32a4fb4192f4'],
  ])('%s', (path, privateKey) => {
    expect(toHex(HDKey.fromMasterSeed(seed).derive(path).privateKey)).toBe(privateKey);
  });
});

describe('EIP-2335, and the cipher that replaces its own', () => {
  test('its password and scrypt parameters open its test vector', async () => {
    const vector = {
      // 𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑, with what the rule strips.
      password: '\u0007𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑\u007f',
      salt: 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
      checksum: 'd2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484',
      message: '06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f',
    };
    const keys: Uint8Array[] = [];
    const passwords: string[] = [];
    await encryptKeystore(
      {
        secret: new Uint8Array(32),
        password: vector.password,
        name: 'vector',
        path: '',
        publicKey: new Uint8Array(32),
        address: '',
        uuid: '1d85ae20-35c5-4611-98e8-aa14a633906f',
        salt: bytes(vector.salt),
        nonce: new Uint8Array(24),
        n: 262_144,
      },
      async (password, salt, cost) => {
        passwords.push(toHex(password));
        keys.push(await nodeScrypt(password, salt, cost));
        return keys[0] ?? new Uint8Array(32);
      },
    );
    expect(passwords).toEqual(['7465737470617373776f7264f09f9491']);
    const key = keys[0]?.slice(16) ?? new Uint8Array(0);
    const checksum = createHash('sha256').update(key).update(bytes(vector.message)).digest('hex');
    expect(checksum).toBe(vector.checksum);
  });

  test('XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, A.3.1)', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
    const nonce = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i);
    const text = `Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.`;
    const cipher = xchacha20poly1305(key, nonce, bytes('50515253c0c1c2c3c4c5c6c7'));
    const sealed = toHex(cipher.encrypt(new TextEncoder().encode(text)));
    expect(sealed).toMatch(/^bd6d179d3e83d43b/);
    expect(sealed).toMatch(/c0875924c1c7987947deafd8780acf49$/);
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
