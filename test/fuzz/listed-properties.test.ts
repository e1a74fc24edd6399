/** What docs/testing.md says of properties is so: each is there, and takes its count from `runs`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const LEAST_RUNS = 500;

/** Rows of the first table: the file and the title of each property. */
function listed(): { readonly file: string; readonly title: string }[] {
  const page = readFileSync(join(ROOT, 'docs', 'testing.md'), 'utf8');
  return [...page.matchAll(/^\| [^|]+ \| `(test\/[^`]+)` \| (.+) \|$/gm)].map(
    ([, file = '', title = '']) => ({ file, title }),
  );
}

test('at least 20 properties are listed, each once', () => {
  const titles = listed().map(({ file, title }) => `${file} ${title}`);
  expect(titles.length).toBeGreaterThanOrEqual(20);
  expect(new Set(titles).size).toBe(titles.length);
});

test.each(listed())('$file: $title', ({ file, title }) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const at = source.indexOf(`'${title}'`);
  expect(at).toBeGreaterThan(0);
  const count = /runs\(([\d_]+)\)/.exec(source.slice(at))?.[1]?.replaceAll('_', '');
  expect(Number(count)).toBeGreaterThanOrEqual(LEAST_RUNS);
});
