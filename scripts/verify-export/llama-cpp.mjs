// llama.cpp, by way of node-llama-cpp's prebuilt binaries, and Hugging Face's reader of its files: --format gguf.

import { gguf, GGMLQuantizationType } from '@huggingface/gguf';
import { getLlama, LlamaCompletion, LlamaLogLevel } from 'node-llama-cpp';
import { group, holds, same, sameIds } from './report.mjs';

// llama.cpp looks GELU up in a table of half precision, which moves its logits by up to 0.5 % of their range: below this distance of the two best, either is right.
const nearTie = 0.05;

const types = { fp32: 'F32', fp16: 'F16', bf16: 'BF16', q8_0: 'Q8_0', q4_0: 'Q4_0' };

export const checkGguf = testCase => group(`${testCase.name}: llama.cpp`, async () => {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 1 }); // so small a model's threads only wait for one another
  for (const [dtype, type] of Object.entries(types)) {
    const path = `${testCase.folder}/${dtype}.gguf`;
    await group(`${testCase.name}: @huggingface/gguf, ${dtype}`, async () => {
      const { metadata, tensorInfos } = await gguf(path, { allowLocalFile: true });
      const model = testCase.config.model, { family } = model;
      same(`${testCase.name}: @huggingface/gguf reads ${dtype}'s metadata`,
        [family, model.layerCount, model.contextLength, model.embeddingSize, mlpWidth(model), model.headCount, model.vocabularySize],
        [metadata['general.architecture'], ...['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'attention.head_count']
          .map(key => metadata[`${family}.${key}`]), metadata['tokenizer.ggml.tokens'].length]);
      const found = tensorInfos.map(tensor => [tensor.name, tensor.shape.map(Number), GGMLQuantizationType[tensor.dtype]].join(' '));
      same(`${testCase.name}: @huggingface/gguf reads ${dtype}'s tensors`, expectedTensors(model, type).sort(), found.sort());
    });
    await group(`${testCase.name}: llama.cpp, ${dtype}`, async () => {
      const model = await llama.loadModel({ modelPath: path });
      const context = await model.createContext({ contextSize: 256, threads: 1 });
      const sequence = context.getSequence();
      const completion = new LlamaCompletion({ contextSequence: sequence });
      const title = `${testCase.name}: llama.cpp, ${dtype}`;
      if (dtype === 'fp32') {
        const texts = [...testCase.texts, ...testCase.special], ids = [...testCase.ids, ...testCase.specialIds];
        // Its pattern for o200k_base does not know that marks belong to words: Devanagari, Arabic vowels and Thai come out otherwise.
        const compared = texts.map((_, i) => i).filter(i => testCase.name !== 'o200k_base' || !/\p{M}/u.test(texts[i]));
        sameIds(title, compared.map(i => texts[i]), compared.map(i => ids[i]), text => model.tokenize(text, false).map(Number));
        for (const [i, prompt] of testCase.prompts.entries()) {
          const what = `${title}: 100 tokens after ${JSON.stringify(prompt)}`;
          const written = (prompt + await completion.generateCompletion(prompt, { maxTokens: 100, temperature: 0 })).trimEnd();
          const parting = written === testCase.written[i] ? null : await findParting(model, sequence, prompt, testCase.written[i]);
          if (parting && parting.distance < nearTie) same(`${what}, up to token ${parting.token}, where the two best logits differ by ${parting.distance.toFixed(4)}`, true, true);
          else same(what, testCase.written[i], written);
        }
      } else {
        const text = await completion.generateCompletion(testCase.prompts[0], { maxTokens: 100, temperature: 0 });
        holds(`${title}: writes`, text.length > 20, text);
      }
      await model.dispose();
    });
  }
  await llama.dispose();
});

/** The token at which llama.cpp's greedy text leaves the expected one, and how much better its logit is than the second best. */
async function findParting(model, sequence, prompt, expected) {
  await sequence.clearHistory();
  const written = [];
  for await (const { token, probabilities } of sequence.evaluateWithMetadata(model.tokenize(prompt, false), { probabilities: true }, { temperature: 0, yieldEogToken: true })) {
    written.push(token);
    const text = (prompt + model.detokenize(written)).replace(/\uFFFD+$/, ''); // the last character may be a part of one
    const [best, second] = probabilities.values();
    if (model.isEogToken(token) || !expected.startsWith(text.trimEnd())) return { token: written.length, distance: Math.log(best / second) };
    if (written.length === 100) return null;
  }
  return null;
}

const mlpWidth = ({ family, mlpSize, embeddingSize: c }) => mlpSize || (family === 'llama' ? Math.ceil(8 * c / 96) * 32 : 4 * c);

/** Every tensor as "name dimensions type", dimensions innermost first. Vectors are F32 always; q4_0 keeps the embeddings in Q8_0. */
function expectedTensors(model, type) {
  const { family, layerCount, embeddingSize: c, contextLength, vocabularySize, tiedHead } = model;
  const embedding = type === 'Q4_0' ? 'Q8_0' : type, isLlama = family === 'llama', f = mlpWidth(model);
  const keys = (model.keyValueHeadCount || model.headCount) * c / model.headCount;
  const matrix = (name, inputs, outputs) => `${name}.weight ${inputs},${outputs} ${type}`;
  const pair = (name, inputs, outputs) => [matrix(name, inputs, outputs), `${name}.bias ${outputs} F32`];
  const norm = name => isLlama ? [`${name}.weight ${c} F32`] : [`${name}.weight ${c} F32`, `${name}.bias ${c} F32`];
  const ofGpt2 = block => [...pair(`${block}.attn_qkv`, c, 3 * c), ...pair(`${block}.attn_output`, c, c), ...pair(`${block}.ffn_up`, c, f),
    ...pair(`${block}.ffn_down`, f, c)];
  const ofLlama = block => [matrix(`${block}.attn_q`, c, c), matrix(`${block}.attn_k`, c, keys), matrix(`${block}.attn_v`, c, keys),
    matrix(`${block}.attn_output`, c, c), matrix(`${block}.ffn_gate`, c, f), matrix(`${block}.ffn_up`, c, f), matrix(`${block}.ffn_down`, f, c)];
  const block = name => [...norm(`${name}.attn_norm`), ...norm(`${name}.ffn_norm`), ...(isLlama ? ofLlama : ofGpt2)(name)];
  return [`token_embd.weight ${c},${vocabularySize} ${embedding}`, ...(isLlama ? [] : [`position_embd.weight ${c},${contextLength} ${embedding}`]),
    ...(tiedHead === false ? [`output.weight ${c},${vocabularySize} ${embedding}`] : []), ...norm('output_norm'),
    ...Array.from({ length: layerCount }, (_, n) => block(`blk.${n}`)).flat()];
}
