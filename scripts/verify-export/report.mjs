// Counts checks, and prints one line for each.

let passed = 0, failed = 0;

/** Of what is long, the part from a little before the first difference. */
function shown(value, other) {
  const [text, beside] = [value, other].map(one => JSON.stringify(one) ?? String(one));
  let start = 0;
  while (start < text.length && text[start] === beside[start]) start++;
  start = text.length > 160 ? Math.max(0, start - 40) : 0;
  return (start > 0 ? '...' : '') + text.slice(start, start + 160) + (text.length > start + 160 ? '...' : '');
}

/** Passes where both are the same JSON. */
export function same(what, expected, actual) {
  const ok = JSON.stringify(expected) === JSON.stringify(actual);
  ok ? passed++ : failed++;
  console.log(ok ? `ok      ${what}` : `FAILED  ${what} (expected ${shown(expected, actual)}, but it is ${shown(actual, expected)})`);
}

export const holds = (what, condition, found) => same(what, true, condition || found);

/** Runs checks that may throw: that is a failure of theirs and no end of the others. */
export async function group(what, run) {
  try {
    await run();
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what} (${String(error.stack ?? error).replace(/\s+/g, ' ')})`);
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
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
