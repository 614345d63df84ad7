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
        const inputs = tokenizer(prompts, { padding: true, add_special_tokens: false });
        const ids = (await model.generate({ ...inputs, max_new_tokens: 100, do_sample: false })).tolist();
        const masks = inputs.attention_mask.tolist();
        return ids.map((row, i) => tokenizer.decode(row.slice(masks[i].indexOf(1n)), { skip_special_tokens: true }).trimEnd()); // without the padding
      };
      if (dtype === 'fp16') {
        const text = (await write([testCase.prompts[0]]))[0];
        holds(`${title}, fp16: writes`, text.length > testCase.prompts[0].length + 20, text);
        await (await AutoModelForCausalLM.from_pretrained(basename(path), { dtype: 'fp16' })).dispose(); // nor does it mind to be asked for it
      } else {
        sameIds(title, testCase.texts, testCase.ids, text => tokenizer.encode(text, { add_special_tokens: false }));
        sameIds(`${title}, decoding`, testCase.ids.slice(1), testCase.texts.slice(1), ids => tokenizer.decode(ids, { skip_special_tokens: false }));
        for (const [i, prompt] of testCase.prompts.entries()) same(`${title}: 100 tokens after ${JSON.stringify(prompt)}`, testCase.written[i], (await write([prompt]))[0]);
        tokenizer.padding_side = 'left';
        tokenizer.pad_token ??= tokenizer.eos_token ?? ' '; // any token will do, as the mask hides it
        tokenizer.pad_token_id ??= tokenizer.encode(tokenizer.pad_token, { add_special_tokens: false })[0];
        same(`${title}: a left-padded batch`, testCase.written, await write(testCase.prompts));
      }
      await model.dispose();
    });
  }
}
