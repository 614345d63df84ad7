// Hugging Face's own tokenizers library (in Rust), which is what transformers uses: the tokenizer.json of --format hf, or where there is no such export,
// of --format onnx.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { group, sameIds } from './report.mjs';

export async function checkTokenizer(testCase) {
  await group(`${testCase.name}: tokenizers`, async () => {
    const { Tokenizer } = createRequire(import.meta.url)('tokenizers');
    const format = existsSync(`${testCase.folder}/hf`) ? 'hf' : 'onnx';
    const tokenizer = Tokenizer.fromFile(`${testCase.folder}/${format}/tokenizer.json`);
    const encoded = new Map();
    for (const text of testCase.texts) encoded.set(text, (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds());
    sameIds(`${testCase.name}: Hugging Face's tokenizers`, testCase.texts, testCase.ids, text => encoded.get(text));
  });
}
