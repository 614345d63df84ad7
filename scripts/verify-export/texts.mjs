// Writes a case's texts as lines of JSON: the tricky ones, or for a model of characters random ones of its own characters.
// node texts.mjs strings.json tokenizer.json out-folder bpe|char PROMPT...

import { readFileSync, writeFileSync } from 'node:fs';

const [strings, tokenizer, out, kind, ...prompts] = process.argv.slice(2);
let texts = JSON.parse(readFileSync(strings, 'utf8'));
let special = ['<|endoftext|>', 'a<|endoftext|>b', '< |endoftext|>'];
if (kind === 'char') {
  const characters = Object.keys(JSON.parse(readFileSync(tokenizer, 'utf8')).model.vocab);
  let state = 1;
  const random = below => (state = (state * 48271) % 2147483647) % below;
  texts = Array.from({ length: 60 }, (_, i) => Array.from({ length: i }, () => characters[random(characters.length)]).join(''));
  special = [];
}
const write = (name, values) => writeFileSync(`${out}/${name}.jsonl`, values.map(value => JSON.stringify(value) + '\n').join(''));
write('texts', texts);
write('special', special);
write('prompts', prompts);
