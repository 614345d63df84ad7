// llama.cpp, by way of node-llama-cpp's prebuilt binaries, and Hugging Face's reader of its files: --format gguf.

import { gguf, GGMLQuantizationType } from '@huggingface/gguf';
import { getLlama, LlamaCompletion, LlamaLogLevel } from 'node-llama-cpp';
import { group, holds, same, sameIds } from './report.mjs';

const types = { fp32: 'F32', fp16: 'F16', bf16: 'BF16', q8_0: 'Q8_0', q4_0: 'Q4_0' };

export async function checkGguf(testCase) {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 2 });
  for (const [dtype, type] of Object.entries(types)) {
    const path = `${testCase.folder}/${dtype}.gguf`;
    await group(`${testCase.name}: @huggingface/gguf, ${dtype}`, async () => {
      const { metadata, tensorInfos } = await gguf(path, { allowLocalFile: true });
      const of = name => GGMLQuantizationType[tensorInfos.find(tensor => tensor.name === name)?.dtype];
      const config = testCase.config.model;
      same(`${testCase.name}: @huggingface/gguf reads ${dtype}`,
        ['gpt2', config.layerCount, config.contextLength, config.embeddingSize, 4 + 12 * config.layerCount, type, 'F32', config.vocabularySize],
        [metadata['general.architecture'], metadata['gpt2.block_count'], metadata['gpt2.context_length'], metadata['gpt2.embedding_length'], tensorInfos.length,
          of('blk.0.ffn_down.weight'), of('blk.0.ffn_norm.weight'), metadata['tokenizer.ggml.tokens'].length]);
    });
    await group(`${testCase.name}: llama.cpp, ${dtype}`, async () => {
      const model = await llama.loadModel({ modelPath: path });
      const context = await model.createContext({ contextSize: 256, threads: 2 });
      const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
      const title = `${testCase.name}: llama.cpp, ${dtype}`;
      if (dtype === 'fp32') {
        const texts = [...testCase.texts, ...testCase.special], ids = [...testCase.ids, ...testCase.specialIds];
        // Its pattern for o200k_base does not know that marks belong to words: Devanagari, Arabic vowels and Thai come out otherwise.
        const compared = texts.map((_, i) => i).filter(i => testCase.name !== 'o200k_base' || !/\p{M}/u.test(texts[i]));
        sameIds(title, compared.map(i => texts[i]), compared.map(i => ids[i]), text => model.tokenize(text, false).map(Number));
        for (const [i, prompt] of testCase.prompts.entries()) {
          same(`${title}: 100 tokens after ${JSON.stringify(prompt)}`, testCase.written[i], (prompt + await completion.generateCompletion(prompt, { maxTokens: 100, temperature: 0 })).trimEnd());
        }
      } else {
        const text = await completion.generateCompletion(testCase.prompts[0], { maxTokens: 100, temperature: 0 });
        holds(`${title}: writes`, text.length > 20, text);
      }
      await model.dispose();
    });
  }
  await llama.dispose();
}
