// One measurement of another program's tokenizer: node peers.mjs WHAT FILE [TOKENIZER.json] [VOCABULARY]. Prints JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const [what, file, tokenizerFile, vocabulary] = process.argv.slice(2);

// Documents of about 100 kB, cut at blank lines.
function documents(text) {
  const pieces = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + 100_000);
    if (end < text.length) end = Math.max(text.lastIndexOf('\n\n', end) + 2, start + 1);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

// The median of three rounds, after one that does not count.
async function timeEncoding(encode) {
  const pieces = documents(readFileSync(file, 'utf8'));
  const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  const seconds = [];
  let tokens = 0;
  for (let round = 0; round < 4; round++) {
    const start = process.hrtime.bigint();
    tokens = await encode(pieces);
    if (round > 0) seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  const median = seconds.sort((a, b) => a - b)[1];
  return { megabytes: bytes / 1e6, tokens, seconds: median, mb_per_s: bytes / 1e6 / median };
}

const count = (pieces, encode) => pieces.reduce((sum, piece) => sum + encode(piece).length, 0);
let result;
if (what === 'hf-train') {
  const { Tokenizer, BPE, byteLevelPreTokenizer, bpeTrainer } = require('tokenizers');
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false));
  const start = process.hrtime.bigint();
  if (bpeTrainer) tokenizer.train([file], bpeTrainer({ vocabSize: Number(vocabulary), minFrequency: 2 }));
  else tokenizer.train([file]); // this version's binding takes no trainer: its vocabulary is 30,000
  result = { seconds: Number(process.hrtime.bigint() - start) / 1e9, vocabulary: tokenizer.getVocabSize(), peak_rss_mb: process.resourceUsage().maxRSS / 1024 };
} else if (what === 'hf-encode') {
  const tokenizer = require('tokenizers').Tokenizer.fromFile(tokenizerFile);
  result = await timeEncoding(async (pieces) => {
    let tokens = 0;
    for (let i = 0; i < pieces.length; i += 64) {
      for (const encoding of await tokenizer.encodeBatch(pieces.slice(i, i + 64))) tokens += encoding.getLength();
    }
    return tokens;
  });
} else if (what === 'tiktoken') {
  const encoding = require('tiktoken').get_encoding('cl100k_base');
  result = await timeEncoding((pieces) => count(pieces, (piece) => encoding.encode_ordinary(piece)));
} else if (what === 'gpt-tokenizer') {
  const { encode } = require('gpt-tokenizer/encoding/cl100k_base');
  result = await timeEncoding((pieces) => count(pieces, (piece) => encode(piece)));
} else if (what === 'js-tiktoken') {
  const encoding = require('js-tiktoken').getEncoding('cl100k_base');
  result = await timeEncoding((pieces) => count(pieces, (piece) => encoding.encode(piece, [], [])));
} else {
  throw new Error(`There is no measurement '${what}'.`);
}
console.log(JSON.stringify(result));
