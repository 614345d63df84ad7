// Counts checks, and prints one line for each.

let passed = 0, failed = 0, skipped = 0;

const shown = value => {
  const text = typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value) ?? String(value);
  return text.length > 160 ? text.slice(0, 160) + '...' : text;
};

/** Passes where both are the same JSON. */
export function same(what, expected, actual) {
  const ok = JSON.stringify(expected) === JSON.stringify(actual);
  ok ? passed++ : failed++;
  console.log(ok ? `ok      ${what}` : `FAILED  ${what} (expected ${shown(expected)}, but it is ${shown(actual)})`);
}

export const holds = (what, condition, found) => same(what, true, condition || found);

export function skip(what, why) {
  skipped++;
  console.log(`skipped ${what}: ${why}`);
}

/** Runs checks that may throw: that is a failure of theirs and no end of the others. */
export async function group(what, run) {
  try {
    await run();
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what} (${error.stack ?? error})`);
  }
}

/** One check for many texts: how many have the same ids, and the first that has not. */
export function sameIds(what, texts, expected, encode) {
  if (texts.length === 0) throw new Error('there are no texts to compare'); // or nothing compared would pass
  const wrong = texts.findIndex((text, i) => JSON.stringify(expected[i]) !== JSON.stringify(encode(text)));
  if (wrong < 0) same(`${what}: the same ids for ${texts.length} texts`, true, true);
  else same(`${what}: the ids of ${JSON.stringify(texts[wrong])}`, expected[wrong], encode(texts[wrong]));
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
