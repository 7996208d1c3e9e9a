// Golden token ids for package tokenizer, made by Hugging Face's tokenizer.
//
// usage: node tokens.mjs MODULES TOKENIZER TESTDATA
//
// MODULES is a node_modules folder with @huggingface/tokenizers, TOKENIZER a
// folder with Qwen3's tokenizer.json and tokenizer_config.json, TESTDATA is
// tokenizer/testdata. Writes qwen3.vocab and, for each text of texts.json, its
// ids in ids.json: [ids, ids...] in the same order.
//
// qwen3.vocab is raw DEFLATE of: uint32 bytes of JSON, the JSON {added: [[text,
// special]...]}, uint32 merges, then all left ids and all right ids as uint32,
// little endian, each as planes: the lowest bytes of all, the next lowest of all,
// and so on. Token i below 256 is byte i in GPT-2's order, token 256+k is what
// merge k makes, and the added tokens follow.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { createRequire } from "node:module";

const [modules, folder, testdata] = process.argv.slice(2);
const { Tokenizer } = createRequire(path.resolve(modules, "x.js"))("@huggingface/tokenizers");
const read = (name) => JSON.parse(fs.readFileSync(path.join(folder, name)));
const json = read("tokenizer.json");
const { vocab, merges } = json.model;

const left = [], right = [];
merges.forEach((m, k) => {
  const [a, b] = Array.isArray(m) ? m : m.split(" ");
  if (vocab[a + b] !== 256 + k) throw new Error(`token ${a + b} is not that of merge ${k}`);
  left.push(vocab[a]);
  right.push(vocab[b]);
});
const added = json.added_tokens.map((t) => [t.content, t.special]);
json.added_tokens.forEach((t, i) => {
  if (t.id !== 256 + merges.length + i) throw new Error(`added token ${t.content} is out of order`);
});
const head = Buffer.from(JSON.stringify({ added }));
const number = (n) => Buffer.from(new Uint32Array([n]).buffer);
const planes = (ids) => Buffer.concat([0, 8, 16, 24].map((s) => Buffer.from(ids.map((i) => (i >>> s) & 255))));
const raw = Buffer.concat([number(head.length), head, number(merges.length), planes(left), planes(right)]);
fs.writeFileSync(path.join(testdata, "qwen3.vocab"), zlib.deflateRawSync(raw, { level: 9 }));

const t = new Tokenizer(json, read("tokenizer_config.json"));
const texts = JSON.parse(fs.readFileSync(path.join(testdata, "texts.json")));
const ids = texts.map((s) => JSON.stringify(t.encode(s, { add_special_tokens: false }).ids));
fs.writeFileSync(path.join(testdata, "ids.json"), "[\n" + ids.join(",\n") + "\n]\n");
