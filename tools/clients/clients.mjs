// Talks to a server as programs do that use OpenAI's and Anthropic's JavaScript
// libraries: a conversation with a tool that reads a file and one that writes one,
// streamed. It fails where the answers are not those of the script that the server
// follows.
//
//   node clients.mjs http://127.0.0.1:8080
import assert from 'node:assert';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

const url = process.argv[2];
const question = 'Read main.go and write out.go.';
const schema = (...names) => ({ type: 'object', properties: Object.fromEntries(names.map(n => [n, { type: 'string' }])), required: names });
const tools = [['read_file', schema('path')], ['write_file', schema('path', 'content')]];

class Files {
  all = { 'main.go': 'package main\n' };
  call(name, { path, content }) {
    if (name !== 'write_file') return this.all[path];
    this.all[path] = content;
    return 'written';
  }
}

async function chat(files) {
  const client = new OpenAI({ baseURL: url + '/v1', apiKey: 'none' });
  const messages = [{ role: 'user', content: question }];
  for (let i = 0; i < 5; i++) {
    const stream = client.chat.completions.stream({
      model: 'any', messages, stream_options: { include_usage: true },
      tools: tools.map(([name, parameters]) => ({ type: 'function', function: { name, parameters } })),
    });
    const done = await stream.finalChatCompletion();
    assert(done.usage.total_tokens > 0);
    const m = done.choices[0].message;
    if (!m.tool_calls?.length) return m.content;
    assert.equal(done.choices[0].finish_reason, 'tool_calls');
    messages.push(m);
    for (const c of m.tool_calls) {
      messages.push({ role: 'tool', tool_call_id: c.id, content: files.call(c.function.name, JSON.parse(c.function.arguments)) });
    }
  }
}

async function responses(files) {
  const client = new OpenAI({ baseURL: url + '/v1', apiKey: 'none' });
  const input = [{ role: 'user', content: question }];
  for (let i = 0; i < 5; i++) {
    const stream = client.responses.stream({
      model: 'any', instructions: 'Be brief.', input,
      tools: tools.map(([name, parameters]) => ({ type: 'function', name, parameters, strict: false })),
    });
    const done = await stream.finalResponse();
    const calls = done.output.filter(item => item.type === 'function_call');
    if (!calls.length) return done.output_text;
    input.push(...done.output);
    for (const c of calls) {
      input.push({ type: 'function_call_output', call_id: c.call_id, output: files.call(c.name, JSON.parse(c.arguments)) });
    }
  }
}

async function messages(files) {
  const client = new Anthropic({ baseURL: url, apiKey: 'none' });
  const turns = [{ role: 'user', content: question }];
  for (let i = 0; i < 5; i++) {
    const done = await client.messages.stream({
      model: 'any', max_tokens: 1000, messages: turns,
      tools: tools.map(([name, input_schema]) => ({ name, input_schema })),
    }).finalMessage();
    const calls = done.content.filter(b => b.type === 'tool_use');
    if (!calls.length) return done.content.map(b => b.text).join('');
    assert.equal(done.stop_reason, 'tool_use');
    turns.push({ role: 'assistant', content: done.content });
    turns.push({ role: 'user', content: calls.map(c => ({ type: 'tool_result', tool_use_id: c.id, content: files.call(c.name, c.input) })) });
  }
}

for (const [name, talk] of [['openai, chat', chat], ['openai, responses', responses], ['@anthropic-ai/sdk', messages]]) {
  const files = new Files();
  assert.equal(await talk(files), 'Done.', name);
  assert.equal(files.all['out.go'], 'package out\n\nvar s = "a"', name);
  console.log(name + ': ok');
}
