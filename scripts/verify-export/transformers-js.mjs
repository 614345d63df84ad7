// transformers.js on ONNX Runtime: the folder made by --format onnx, offline.

import { env, AutoModelForCausalLM, AutoTokenizer } from '@huggingface/transformers';
import { dirname, basename } from 'node:path';
import { group, holds, same, sameIds } from './report.mjs';

env.allowRemoteModels = false;
env.allowLocalModels = true;

export async function checkOnnx(testCase) {
  for (const [folder, dtype] of [['onnx', 'fp32'], ['onnx-fp16', 'fp16']]) {
    await group(`${testCase.name}: transformers.js, ${dtype}`, async () => {
      const path = `${testCase.folder}/${folder}`;
      env.localModelPath = dirname(path);
      const tokenizer = await AutoTokenizer.from_pretrained(basename(path));
      const model = await AutoModelForCausalLM.from_pretrained(basename(path)); // the folder says its type itself
      const title = `${testCase.name}: transformers.js`;
      const write = async prompts => {
        const ids = await model.generate({ ...tokenizer(prompts, { padding: true, add_special_tokens: false }), max_new_tokens: 100, do_sample: false });
        return tokenizer.batch_decode(ids, { skip_special_tokens: true }).map(text => text.trimEnd());
      };
      if (dtype === 'fp16') {
        const text = (await write([testCase.prompts[0]]))[0];
        holds(`${title}, fp16: writes`, text.length > testCase.prompts[0].length + 20, text);
        await (await AutoModelForCausalLM.from_pretrained(basename(path), { dtype: 'fp16' })).dispose(); // nor does it mind to be asked for it
      } else {
        sameIds(title, testCase.texts, testCase.ids, text => tokenizer.encode(text, { add_special_tokens: false }));
        sameIds(`${title}, decoding`, testCase.ids.slice(1), testCase.texts.slice(1), ids => tokenizer.decode(ids, { skip_special_tokens: false }));
        for (const [i, prompt] of testCase.prompts.entries()) same(`${title}: 100 tokens after ${JSON.stringify(prompt)}`, testCase.written[i], (await write([prompt]))[0]);
        if (tokenizer.pad_token_id == null && tokenizer.eos_token == null) return; // nothing to pad with
        tokenizer.padding_side = 'left';
        tokenizer.pad_token ??= tokenizer.eos_token;
        tokenizer.pad_token_id ??= tokenizer.model.tokens_to_ids.get(tokenizer.eos_token);
        same(`${title}: a left-padded batch`, testCase.written, await write(testCase.prompts));
      }
      await model.dispose();
    });
  }
}
