// Every case that verify-export.sh has prepared, against every program. A case is a folder with a run and its exports.

import { existsSync, readFileSync } from 'node:fs';
import { checkGguf } from './llama-cpp.mjs';
import { checkTokenizer } from './rust-tokenizers.mjs';
import { checkOnnx } from './transformers-js.mjs';
import { finish, same } from './report.mjs';

const read = path => readFileSync(path, 'utf8');
const lines = path => read(path).split('\n').filter(line => line.length > 0).map(line => JSON.parse(line));

for (const folder of process.argv.slice(2)) {
  const prompts = lines(`${folder}/prompts.jsonl`);
  const testCase = {
    name: folder.split('/').at(-1),
    folder,
    config: JSON.parse(read(`${folder}/run/config.json`)),
    texts: lines(`${folder}/texts.jsonl`),
    ids: lines(`${folder}/texts.ids.jsonl`),
    // Text that spells a special token is ordinary text in TorchLm. llama.cpp can be told so; the others take it for the token always.
    special: lines(`${folder}/special.jsonl`),
    specialIds: lines(`${folder}/special.ids.jsonl`),
    prompts,
    written: prompts.map((_, i) => read(`${folder}/written-${i}.txt`).trimEnd()), // the program leaves out white space at the end
  };
  const sample = `${folder}/sample.txt`;
  if (existsSync(sample)) same(`${testCase.name}: samples/OnnxGeneration`, testCase.written[0], read(sample).trimEnd());
  await checkTokenizer(testCase);
  await checkOnnx(testCase);
  if (existsSync(`${folder}/fp32.gguf`)) await checkGguf(testCase);
}
finish();
