// Package toolcall reads what a model says while it is generated, and tells apart
// text, thinking and calls of tools.
//
// Models write calls as text, in the form that their chat template shows them.
// Two forms are read. Qwen3-Coder's:
//
//	<tool_call>
//	<function=read_file>
//	<parameter=path>
//	src/main.go
//	</parameter>
//	</function>
//	</tool_call>
//
// and the one of Qwen2.5, Qwen3 and Hermes:
//
//	<tool_call>
//	{"name": "read_file", "arguments": {"path": "src/main.go"}}
//	</tool_call>
//
// FormatOf chooses by the template. A Parser gets the text in any pieces, also such
// that part a character or a tag, and gives events: pieces of content and of
// thinking, and for each call its start with the name, pieces of its arguments and
// its end. The arguments are a JSON object at the end, whatever the model does and
// wherever the text breaks off.
//
// Values of Qwen3-Coder's form have no types: the JSON schema of the tool decides.
// A string is passed on while it is written, other values when they are complete.
// What is no value of its type becomes a string. A value may hold the tags of the
// form, as the code of a parser does: closing.go says where a value ends. Models
// drop and double tags: what can be understood is repaired, and nothing is an
// error.
//
// The parser holds back only what may be part of a tag, white space that may stand
// before a call, and values that are no strings. Its cost is linear in the text.
package toolcall
